//! Alarms, and where the rulebooks part, in words.

use weigh_facts::{Period, Verdict};
use weigh_rules::{Alarm, AlarmKind, Basis, Finding};
use weigh_station::{Regimes, Says, Voice};

use super::findings::{enforcement, text_status};
use crate::clean::clean;

/// An alarm in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmWords {
    /// `us-ear-chips/affiliates-stay-ended`.
    pub(crate) id: String,
    /// `since 2026-11-10`.
    pub(crate) since: String,
    pub(crate) text: String,
    /// What it rests on, if it rests on a source.
    pub(crate) source: Option<String>,
}

/// What one regime says beside another: a row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegimeRow {
    /// `license`, `operations`.
    pub(crate) subject: String,
    /// `eu-ai-act/presumed-systemic-risk`.
    pub(crate) rule: String,
    /// `over > 1.00e25 FLOP`, `required`.
    pub(crate) says: String,
    pub(crate) level: String,
    /// `text in force; enforced`.
    pub(crate) status: String,
    /// Is its text law on the day?
    pub(crate) is_law: bool,
}

/// The alarms, except that of a stale book, which stands beside the books and the findings.
pub(crate) fn alarms(alarms: &[Alarm]) -> Vec<AlarmWords> {
    let words = alarms.iter().filter(|a| a.kind != AlarmKind::Stale);
    let words = words.map(|alarm| AlarmWords {
        id: clean(&format!("{}/{}", alarm.rulebook, alarm.id)),
        since: format!("since {}", alarm.from),
        text: clean(&alarm.text),
        source: alarm.citations.first().map(|c| clean(&c.to_string())),
    });
    words.collect()
}

pub(super) fn rows(regimes: &Regimes) -> Vec<RegimeRow> {
    let mut rows = Vec::new();
    for decision in &regimes.decisions {
        rows.extend(
            decision
                .voices
                .iter()
                .map(|v| row(&decision.decision, "", v)),
        );
    }
    for apart in &regimes.lines {
        rows.extend(apart.over.iter().map(|v| row(&apart.quantity, "over ", v)));
        rows.extend(
            apart
                .under
                .iter()
                .map(|v| row(&apart.quantity, "under ", v)),
        );
    }
    rows
}

fn row(subject: &str, side: &str, voice: &Voice) -> RegimeRow {
    let says = match &voice.says {
        Says::Word(word) => word.clone(),
        Says::Line { shown, .. } => format!("{side}{shown}"),
    };
    RegimeRow {
        subject: clean(subject),
        rule: clean(&format!("{}/{}", voice.rulebook, voice.rule)),
        says: clean(&says),
        level: voice.level.to_string(),
        status: format!(
            "{}; {}",
            text_status(voice.text_status),
            enforcement(voice.enforcement)
        ),
        is_law: voice.is_law(),
    }
}

/// What a reader must know of a finding beside its condition: whom it binds, what it rests on, and
/// when it falls due. Each with a label.
pub(crate) fn circumstances(finding: &Finding) -> Vec<(&'static str, String)> {
    let mut words = Vec::new();
    let could_apply = matches!(finding.verdict, Verdict::Applies | Verdict::Indeterminate);
    if !could_apply {
        return words;
    }
    if let Some(addressee) = &finding.addressee {
        let text = format!("a letter to {addressee}: it binds the addressee only");
        words.push(("binds", clean(&text)));
    }
    if finding.basis == Basis::Policy {
        let text = "policy: what an agency does or announced, beside the text";
        words.push(("rests on", text.to_owned()));
    }
    if let Some(clock) = &finding.clock {
        let runs = match &finding.deadline {
            Some(period) => format!("{period} from the day on which {}", clock.event),
            None => format!("from the day on which {}", clock.event),
        };
        words.push(("clock", clean(&runs)));
    }
    if let Some(due) = finding.due {
        let hours = finding.deadline.as_ref().is_some_and(Period::counts_hours);
        let text = match hours {
            true => format!("on {due} at the earliest: the hours run from the hour of the event"),
            false => format!("by {due}"),
        };
        words.push(("due", text));
    }
    words
}
