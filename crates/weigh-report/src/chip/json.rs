//! The sheet of a chip as JSON: `weighbridge.chip/1`, as `schemas/weighbridge.chip-1.json` says.

use serde::Serialize;
use weigh_compute::Tf32;
use weigh_facts::Verdict;
use weigh_station::{ChipSheet, Flip};

use crate::chip_list::{WireBounds, WireTool, density};
use crate::json::escaped;
use crate::json::{Alarm as WireAlarm, alarms as wire_alarms};
use crate::speaks::{WireSaid, wire};

#[derive(Serialize)]
struct WireChip<'a> {
    schema: &'static str,
    tool: WireTool,
    id: &'a str,
    name: &'a str,
    file: Option<&'a str>,
    on: String,
    tf32: &'static str,
    total_processing_performance: Option<WireBounds>,
    driver: Option<String>,
    density_state: &'static str,
    performance_density: Option<WireBounds>,
    timelines: Vec<WireTimeline>,
    flips: Vec<WireFlip>,
    treatments: Vec<WireTreatment>,
    alarms: Vec<WireAlarm>,
}

#[derive(Serialize)]
struct WireTimeline {
    rulebook: String,
    eras: Vec<WireEra>,
}

#[derive(Serialize)]
struct WireEra {
    from: String,
    until: Option<String>,
    same_on: Vec<String>,
    says: Vec<WireSaid>,
}

#[derive(Serialize)]
pub(crate) struct WireFlip {
    reading: &'static str,
    total_processing_performance: String,
    changes: Vec<WireChange>,
}

/// A rule that comes out otherwise under another reading.
#[derive(Serialize)]
pub(crate) struct WireChange {
    rule: String,
    here: &'static str,
    there: &'static str,
}

impl WireChange {
    pub(crate) fn of((rule, here, there): &(String, Verdict, Verdict)) -> Self {
        Self {
            rule: rule.clone(),
            here: here.as_str(),
            there: there.as_str(),
        }
    }
}

#[derive(Serialize)]
struct WireTreatment {
    destinations: Vec<String>,
    parent: Option<String>,
    says: Vec<WireSaid>,
    flips: Vec<WireFlip>,
}

pub(crate) fn wire_flips(flips: &[Flip]) -> Vec<WireFlip> {
    flips
        .iter()
        .map(|f| WireFlip {
            reading: f.reading.as_str(),
            total_processing_performance: f.tpp.to_plain(),
            changes: f.changes.iter().map(WireChange::of).collect(),
        })
        .collect()
}

/// Writes the sheet of a chip as JSON.
pub(super) fn json(sheet: &ChipSheet) -> String {
    let tpp = sheet.chip.tpp(sheet.tf32);
    let (density_state, density) = density(&sheet.chip, sheet.tf32);
    let wire_chip = WireChip {
        schema: "weighbridge.chip/1",
        tool: WireTool::this(),
        id: &sheet.chip.id,
        name: &sheet.chip.name,
        file: sheet.file.as_deref(),
        on: sheet.on.to_string(),
        tf32: Tf32::as_str(sheet.tf32),
        total_processing_performance: tpp
            .as_ref()
            .map(|t| WireBounds::among(&t.estimate(), &sheet.lines)),
        driver: tpp.map(|t| t.driver),
        density_state,
        performance_density: density.as_ref().map(|d| WireBounds::among(d, &sheet.lines)),
        timelines: sheet
            .timelines
            .iter()
            .map(|t| WireTimeline {
                rulebook: t.rulebook.clone(),
                eras: t
                    .eras
                    .iter()
                    .map(|e| WireEra {
                        from: e.from.to_string(),
                        until: e.until.map(|u| u.to_string()),
                        same_on: e.same_on.iter().map(ToString::to_string).collect(),
                        says: wire(&e.says),
                    })
                    .collect(),
            })
            .collect(),
        flips: wire_flips(&sheet.flips),
        treatments: sheet
            .treatments
            .iter()
            .map(|t| WireTreatment {
                destinations: t.destinations.clone(),
                parent: t.parent.clone(),
                says: wire(&t.says),
                flips: wire_flips(&t.flips),
            })
            .collect(),
        alarms: wire_alarms(&sheet.alarms),
    };
    // These structs always serialize.
    let mut out = escaped(&serde_json::to_string_pretty(&wire_chip).unwrap_or_default());
    out.push('\n');
    out
}
