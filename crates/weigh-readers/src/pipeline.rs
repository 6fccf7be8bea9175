//! `pipeline.toml`: our own declaration of the stages of training.
//!
//! Faults are collected, each with its place; a key nobody knows is one of them. What contradicts
//! itself (tokens and their parts, hours and chip-hours) is refused, since either could be wrong.

use std::collections::BTreeSet;
use std::ops::Range;

use weigh_facts::{
    Adaptation, ChipUse, Coverage, DataVisibility, Decimal, Diagnostic, Dictionary, Estimate,
    Facts, Grade, Item, MethodId, Node, Operations, Origin, Place, Purpose, SequenceLength, Stage,
    StageTokens, Table, Tokens,
};

use crate::ReadError;
use crate::bytes::{self, Object};

/// The annotated template that `weighbridge init` writes.
pub const TEMPLATE: &str = include_str!("pipeline_template.toml");

/// No declaration, rulebook or file of facts is longer.
const LEN_MAX: u64 = 4 << 20;
const STAGES_MAX: usize = 10_000;
const DECLARED: MethodId = MethodId::new("declared");

/// What a declaration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The stages, in the order of the file.
    pub stages: Vec<Stage>,
    /// Facts stated beside them.
    pub facts: Facts,
}

type Errors = Vec<Diagnostic>;

/// Reads a text file that a person wrote.
///
/// # Errors
/// When it is empty, longer than 4 MiB, or not UTF-8.
pub fn read_text(object: &dyn Object, input: &str) -> Result<String, ReadError> {
    bytes::read_text(object, input, LEN_MAX)
}

/// Reads a declaration; `input` names it in places.
///
/// # Errors
/// Every fault found, each with its place, in the order of the text.
pub fn read(text: &str, input: &str) -> Result<Declared, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let mut file = Table::parse(text).map_err(|e| vec![e])?;
    if file.count("format", &mut errors) != Some(1) {
        file.missing("format = 1", &mut errors);
    }
    let origin = Origin {
        grade: Grade::Declared,
        method: DECLARED,
        sources: vec![input.to_owned()],
    };
    let facts = file.table("facts", &mut errors);
    let facts = facts.map(|t| Facts::read(t, &Dictionary::shipped(), &origin, &mut errors));
    let tables = file.tables("stage", &mut errors);
    if tables.len() > STAGES_MAX {
        let message = format!("{} stages; the limit is {STAGES_MAX}", tables.len());
        errors.push(Diagnostic::new("too-many-stages", message, 0..1));
        return Err(errors);
    }
    let mut ids = BTreeSet::new();
    let mut stages = Vec::with_capacity(tables.len());
    for (index, mut table) in tables.into_iter().enumerate() {
        let span = table.span.clone();
        let stage = read_stage(index, &mut table, input, &mut errors);
        table.finish(&mut errors);
        let Some(stage) = stage else { continue };
        if !ids.insert(stage.id.clone()) {
            let message = format!("two stages are called `{}`", stage.id);
            errors.push(Diagnostic::new("duplicate-stage", message, head(&span)));
        }
        stages.push(stage);
    }
    file.finish(&mut errors);
    errors.sort_by_key(|e| e.span.start);
    if errors.is_empty() {
        Ok(Declared {
            stages,
            facts: facts.unwrap_or_default(),
        })
    } else {
        Err(errors)
    }
}

fn head(span: &Range<usize>) -> Range<usize> {
    span.start..span.start + 1
}

fn read_stage(index: usize, table: &mut Table, input: &str, errors: &mut Errors) -> Option<Stage> {
    let id = table
        .text("id", errors)
        .unwrap_or_else(|| format!("stage-{}", index + 1));
    let faults_before = errors.len();
    let purpose = read_word(table, "purpose", Purpose::parse, &purposes(), errors);
    if purpose.is_none() && errors.len() == faults_before {
        table.missing("purpose", errors);
    }
    let sequence_length = read_length(table, errors);
    let place = Place {
        input: input.to_owned(),
        inside: format!("stage `{id}`"),
    };
    let tokens = read_tokens(table, &sequence_length, errors);
    let tokens = tokens.map(|tokens| StageTokens {
        tokens,
        place: place.clone(),
    });
    let training = |word: &str| match word {
        "full" => Some(Adaptation::Full),
        "adapter" => Some(Adaptation::LowRank {
            ranks: Vec::new(),
            saved_modules: Vec::new(),
        }),
        _ => None,
    };
    let adaptation =
        read_word(table, "training", training, "full, adapter", errors).unwrap_or(Adaptation::Full);
    let visibility = |word: &str| match word {
        "public" => Some(DataVisibility::Public),
        "private" => Some(DataVisibility::Private),
        _ => None,
    };
    let stage = Stage {
        purpose: purpose.unwrap_or(Purpose::Pretraining),
        adaptation,
        tokens,
        sequence_length,
        declared_operations: read_operations(table, errors),
        chips: read_chips(table, &place, errors),
        base_model: table.text("base_model", errors),
        data_visibility: read_word(
            table,
            "data_visibility",
            visibility,
            "public, private",
            errors,
        ),
        generator: table.text("generator", errors),
        discarded: table.boolean("discarded", errors).unwrap_or(false),
        developer: table.text("developer", errors),
        date: table.date("date", errors),
        id,
        place,
    };
    purpose.map(|_| stage)
}

fn purposes() -> String {
    Purpose::ALL
        .iter()
        .map(|p| p.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn read_word<T>(
    table: &mut Table,
    key: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    words: &str,
    errors: &mut Errors,
) -> Option<T> {
    let (word, span) = table.text_at(key, errors)?;
    let value = parse(&word);
    if value.is_none() {
        let message = format!("`{word}` is no value of `{key}`");
        errors.push(
            Diagnostic::new("unknown-word", message, span).with_help(format!("use one of {words}")),
        );
    }
    value
}

/// A number or a range, with an optional unit at its end.
fn read_range(
    node: Node,
    key: &str,
    unit: &str,
    errors: &mut Errors,
) -> Option<(Option<Decimal>, Option<Decimal>)> {
    let wrong = |shown: String| {
        let message = format!(
            "`{key}` is {shown}, and should be a number such as 15e12 or a range such as \"14e12..15e12\""
        );
        Diagnostic::new("stage-type", message, node.span.clone())
    };
    match &node.item {
        Item::Number(number) => Some((Some(number.clone()), Some(number.clone()))),
        Item::Text(text) => {
            let numbers = text.trim().strip_suffix(unit).unwrap_or(text).trim();
            let bound = |part: &str| match part.trim() {
                "" => Some(None),
                part => part.parse().ok().map(Some),
            };
            let parsed = match numbers.split_once("..") {
                Some((low, high)) => bound(low).zip(bound(high)),
                None => numbers
                    .parse::<Decimal>()
                    .ok()
                    .map(|n| (Some(n.clone()), Some(n))),
            };
            if parsed.is_none() || parsed == Some((None, None)) {
                errors.push(wrong(format!("`{text}`")));
                return None;
            }
            parsed
        }
        other => {
            errors.push(wrong(other.kind().to_owned()));
            None
        }
    }
}

fn estimate<Q: Clone + Ord>(
    key: &str,
    span: Range<usize>,
    bounds: (Option<Decimal>, Option<Decimal>),
    convert: impl Fn(&Decimal) -> Option<Q>,
    errors: &mut Errors,
) -> Option<Estimate<Q>> {
    let side = |bound: Option<Decimal>| match bound {
        None => Some(None),
        Some(bound) => convert(&bound).map(Some),
    };
    let (Some(low), Some(high)) = (side(bounds.0), side(bounds.1)) else {
        let message = format!(
            "`{key}` should be whole numbers above zero, and not larger than anything that exists"
        );
        errors.push(Diagnostic::new("impossible-number", message, span));
        return None;
    };
    let best = low.clone().filter(|l| Some(l) == high.as_ref());
    match Estimate::new(low, best, high, Coverage::Hard, DECLARED) {
        Ok(estimate) => Some(estimate),
        Err(error) => {
            errors.push(Diagnostic::new(
                "impossible-number",
                format!("`{key}`: {error}"),
                span,
            ));
            None
        }
    }
}

fn whole_tokens(number: &Decimal) -> Option<Tokens> {
    let tokens = number
        .to_u128()
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| *n > 0);
    tokens.map(Tokens)
}

fn read_tokens(
    table: &mut Table,
    length: &SequenceLength,
    errors: &mut Errors,
) -> Option<Estimate<Tokens>> {
    let stated = table.take("tokens");
    let parts = Parts::take(table, errors)?;
    let stated_span = stated.as_ref().map(|n| n.span.clone());
    let span = stated_span.or_else(|| parts.span())?;
    let stated = stated.and_then(|node| read_range(node, "tokens", "tokens", errors));
    let stated = stated.and_then(|b| estimate("tokens", span.clone(), b, whole_tokens, errors));
    let parts = parts.tokens(length, errors);
    match (stated, parts) {
        (Some(stated), Some(parts)) if !within(&stated, &parts) => {
            let message = "`tokens` contradict their own parts (`tokens_per_epoch`, `epochs`, `samples`, `sequence_length`)";
            let help = "`tokens` count later epochs again; leave out one of the two";
            errors.push(Diagnostic::new("contradictory-tokens", message, span).with_help(help));
            None
        }
        (stated, parts) => stated.or(parts),
    }
}

/// Does the number stated lie where its parts allow? They give a range when an epoch is cut short.
fn within(stated: &Estimate<Tokens>, parts: &Estimate<Tokens>) -> bool {
    let is_above = parts
        .low()
        .is_none_or(|l| stated.low().is_some_and(|s| s >= l));
    let is_below = parts
        .high()
        .is_none_or(|h| stated.high().is_some_and(|s| s <= h));
    is_above && is_below
}

/// Tokens by their parts, as they were written.
enum Parts {
    None,
    Epochs(Node, Option<Node>),
    Samples(Node),
}

impl Parts {
    /// None when they contradict each other.
    fn take(table: &mut Table, errors: &mut Errors) -> Option<Self> {
        let per_epoch = table.take("tokens_per_epoch");
        let (message, span) = match (per_epoch, table.take("epochs"), table.take("samples")) {
            (None, None, None) => return Some(Self::None),
            (None, None, Some(samples)) => return Some(Self::Samples(samples)),
            (Some(node), epochs, None) => return Some(Self::Epochs(node, epochs)),
            (Some(_), _, Some(samples)) => (
                "`samples` and `tokens_per_epoch` say the same in two ways; leave out one",
                samples.span,
            ),
            // Of samples, or of tokens that count them already? Either could be meant.
            (None, Some(epochs), _) => (
                "`epochs` multiply `tokens_per_epoch`, which is not there",
                epochs.span,
            ),
        };
        errors.push(Diagnostic::new("contradictory-tokens", message, span));
        None
    }

    fn span(&self) -> Option<Range<usize>> {
        match self {
            Self::None => None,
            Self::Epochs(node, _) | Self::Samples(node) => Some(node.span.clone()),
        }
    }

    fn tokens(self, length: &SequenceLength, errors: &mut Errors) -> Option<Estimate<Tokens>> {
        let span = self.span()?;
        let one = || Decimal::from(1_u64);
        let (key, (low, high), (least, most)) = match self {
            Self::None => return None,
            Self::Epochs(node, epochs) => {
                let epochs = match epochs {
                    Some(epochs) => read_range(epochs, "epochs", "epochs", errors)?,
                    None => (Some(one()), Some(one())),
                };
                let key = "tokens_per_epoch";
                (key, read_range(node, key, "tokens", errors)?, epochs)
            }
            Self::Samples(node) => {
                let SequenceLength::Fixed(length) = length else {
                    let message = "`samples` give tokens only with one `sequence_length`";
                    errors.push(Diagnostic::new("stage-incomplete", message, span));
                    return None;
                };
                let length = Some(Decimal::from(*length));
                let samples = read_range(node, "samples", "samples", errors)?;
                ("samples", samples, (length.clone(), length))
            }
        };
        // An epoch may end in the middle: whole tokens, outward.
        let low = low.zip(least).map(|(l, f)| (&l * &f).floor());
        let high = high.zip(most).map(|(h, f)| (&h * &f).ceil());
        estimate(key, span, (low, high), whole_tokens, errors)
    }
}

fn read_length(table: &mut Table, errors: &mut Errors) -> SequenceLength {
    let Some(node) = table.take("sequence_length") else {
        return SequenceLength::Unknown;
    };
    let span = node.span.clone();
    let positive = |d: &Decimal| whole_tokens(d).map(|t| t.0);
    let impossible =
        |what: &str| Diagnostic::new("impossible-number", what.to_owned(), span.clone());
    match node.item {
        Item::Number(number) => match positive(&number) {
            Some(length) => SequenceLength::Fixed(length),
            None => {
                errors.push(impossible(
                    "`sequence_length` should be a whole number above zero",
                ));
                SequenceLength::Unknown
            }
        },
        Item::List(nodes) => {
            let shares: Vec<(u64, Decimal)> = nodes
                .into_iter()
                .filter_map(|n| read_share(n, errors))
                .collect();
            let sum = shares
                .iter()
                .fold(Decimal::zero(), |sum, (_, share)| &sum + share);
            if sum != Decimal::from(1_u64) {
                let message =
                    format!("the shares of `sequence_length` sum to {sum}, and must sum to 1");
                errors.push(Diagnostic::new("shares-do-not-sum", message, span));
                return SequenceLength::Unknown;
            }
            SequenceLength::Distribution(shares)
        }
        other => {
            let message = format!(
                "`sequence_length` is {}, and should be a number or a list of shares",
                other.kind()
            );
            errors.push(Diagnostic::new("stage-type", message, span));
            SequenceLength::Unknown
        }
    }
}

fn read_share(node: Node, errors: &mut Errors) -> Option<(u64, Decimal)> {
    let Item::Table(mut table) = node.item else {
        let message = "a share is a table such as { tokens = 8192, share = 0.9 }";
        errors.push(Diagnostic::new("stage-type", message, node.span));
        return None;
    };
    let length = table.count("tokens", errors).filter(|n| *n > 0);
    let share = table
        .number("share", errors)
        .filter(|s| !s.is_negative() && !s.is_zero());
    if length.is_none() || share.is_none() {
        let message = "a share needs `tokens` and `share`, both above zero";
        errors.push(Diagnostic::new("impossible-number", message, node.span));
    }
    table.finish(errors);
    length.zip(share)
}

fn read_operations(table: &mut Table, errors: &mut Errors) -> Option<Estimate<Operations>> {
    let node = table.take("operations")?;
    let span = node.span.clone();
    let bounds = read_range(node, "operations", "FLOP", errors)?;
    estimate(
        "operations",
        span,
        bounds,
        |d| d.to_u128().map(Operations),
        errors,
    )
}

fn read_chips(table: &mut Table, place: &Place, errors: &mut Errors) -> Option<ChipUse> {
    let mut chips = table.table("chips", errors)?;
    let span = head(&chips.span);
    let name = chips.required_text("name", errors);
    let count = chips.count("count", errors);
    let hours = chips.number("hours", errors);
    let chip_hours = chips.number("chip_hours", errors);
    let utilization = chips.number("utilization", errors);
    let precision = chips.text("precision", errors);
    let covers = |word: &str| match word {
        "run" => Some(false),
        "project" => Some(true),
        _ => None,
    };
    let whole_project =
        read_word(&mut chips, "hours_cover", covers, "run, project", errors).unwrap_or(false);
    chips.finish(errors);
    let mut refuse = |message: &str| {
        errors.push(Diagnostic::new(
            "impossible-chips",
            message.to_owned(),
            span.clone(),
        ));
        None
    };
    let one = Decimal::from(1_u64);
    if utilization
        .as_ref()
        .is_some_and(|u| u.is_negative() || u.is_zero() || *u > one)
    {
        return refuse("`utilization` is a share of the dense peak: above 0 and at most 1");
    }
    let by_count = match (count, &hours) {
        (Some(count), Some(hours)) => Some(&Decimal::from(count) * hours),
        _ => None,
    };
    let chip_hours = match (chip_hours, by_count) {
        (Some(stated), Some(product)) if stated != product => {
            return refuse(
                "`chip_hours` contradict `count` times `hours`: leave out one of the two",
            );
        }
        (Some(stated), _) => stated,
        (None, Some(product)) => product,
        (None, None) => return refuse("`chips` need `chip_hours`, or `count` and `hours`"),
    };
    if chip_hours.is_negative() || chip_hours.is_zero() || count == Some(0) {
        return refuse("hours and counts of chips are above zero");
    }
    let place = Place {
        inside: format!("{}, chips", place.inside),
        ..place.clone()
    };
    // The hours are already summed over the chips.
    Some(ChipUse {
        chip: name?,
        count: None,
        chip_hours,
        utilization,
        precision,
        whole_project,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(text: &str) -> Result<Stage, Vec<&'static str>> {
        let text =
            format!("format = 1\n[[stage]]\nid = \"s\"\npurpose = \"pretraining\"\n{text}\n");
        let read = read(&text, "pipeline.toml")
            .map_err(|e| e.iter().map(|d| d.code).collect::<Vec<_>>())?;
        Ok(read.stages.into_iter().next().unwrap())
    }

    #[test]
    fn the_template_reads() {
        let declared = read(TEMPLATE, "pipeline.toml").unwrap();
        assert_eq!(declared.stages.len(), 1);
    }

    #[test]
    fn every_key_of_the_template_reads_when_it_is_filled_in() {
        let filled: String = TEMPLATE
            .lines()
            .filter(|l| {
                !l.starts_with("# tokens_per_epoch")
                    && !l.starts_with("# epochs")
                    && !l.starts_with("# samples")
            })
            .filter(|l| !l.starts_with("# sequence_length = ["))
            .map(|l| match l.strip_prefix("# ") {
                Some(rest)
                    if rest.split_once(" = ").is_some_and(|(k, _)| {
                        k.chars().all(|c| c == '_' || c.is_ascii_lowercase())
                    }) =>
                {
                    format!("{rest}\n")
                }
                _ => format!("{l}\n"),
            })
            .collect();
        let declared = read(&filled, "pipeline.toml").unwrap();
        let stage = &declared.stages[0];
        assert_eq!(declared.facts.len(), 3);
        assert_eq!(
            stage.chips.as_ref().unwrap().chip_hours,
            "35094528".parse().unwrap()
        );
        assert!(
            stage.declared_operations.is_some() && stage.date.is_some() && stage.tokens.is_some()
        );
    }

    #[test]
    fn tokens_come_whole_in_parts_and_as_a_range() {
        let tokens = |text: &str| stage(text).unwrap().tokens.unwrap().tokens;
        assert_eq!(
            tokens("tokens = 15e12").as_exact(),
            Some(&Tokens(15_000_000_000_000))
        );
        assert_eq!(
            tokens("tokens_per_epoch = 5e12\nepochs = 3").as_exact(),
            Some(&Tokens(15_000_000_000_000))
        );
        assert_eq!(
            tokens("samples = 100\nsequence_length = 128").as_exact(),
            Some(&Tokens(12_800))
        );
        let range = tokens("tokens = \"14e12..15e12\"");
        assert_eq!(
            (range.low().unwrap().0, range.high().unwrap().0),
            (14_000_000_000_000, 15_000_000_000_000)
        );
        assert_eq!(tokens("tokens = \"14e12..\"").high(), None);
        let cut = tokens("tokens_per_epoch = 5\nepochs = 2.5");
        assert_eq!((cut.low().unwrap().0, cut.high().unwrap().0), (12, 13));
        let both = "tokens = 12\ntokens_per_epoch = 5\nepochs = 2.5";
        assert_eq!(tokens(both).as_exact(), Some(&Tokens(12)));
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let codes = |text: &str| stage(text).unwrap_err();
        assert_eq!(
            codes("tokens = 5\ntokens_per_epoch = 5\nepochs = 2"),
            ["contradictory-tokens"]
        );
        assert_eq!(
            codes("samples = 5\nsequence_length = 8\nepochs = 3"),
            ["contradictory-tokens"],
            "of samples once, or of all?"
        );
        assert_eq!(codes("tokens = 5\nepochs = 3"), ["contradictory-tokens"]);
        assert_eq!(
            codes("tokens = 14\ntokens_per_epoch = 5\nepochs = 2.5"),
            ["contradictory-tokens"]
        );
        assert_eq!(
            codes("tokens_per_epoch = 5\nsamples = 1\nsequence_length = 8"),
            ["contradictory-tokens"]
        );
        assert_eq!(
            codes("tokens_per_epoch = 5\nepochs = -1"),
            ["impossible-number"]
        );
        assert_eq!(codes("tokens = 0"), ["impossible-number"]);
        assert_eq!(codes("tokens = 1.5"), ["impossible-number"]);
        assert_eq!(codes("tokens = \"2e12..1e12\""), ["impossible-number"]);
        assert_eq!(codes("sequence_length = 0"), ["impossible-number"]);
        assert_eq!(
            codes("sequence_length = [{ tokens = 8, share = 0.5 }]"),
            ["shares-do-not-sum"]
        );
        assert_eq!(
            codes("chips = { name = \"H100\", count = 2, hours = 3, chip_hours = 7 }"),
            ["impossible-chips"]
        );
        assert_eq!(
            codes("chips = { name = \"H100\", chip_hours = 7, utilization = 40 }"),
            ["impossible-chips"]
        );
        assert_eq!(codes("token = 5"), ["unknown-key"]);
        assert_eq!(codes("training = \"lora\""), ["unknown-word"]);
        assert_eq!(codes("tokens = inf"), ["stage-type"]);
    }

    #[test]
    fn every_stage_without_a_purpose_is_named() {
        let text = "format = 1\n[[stage]]\npurpose = \"x\"\n[[stage]]\nid = \"b\"\n";
        let codes: Vec<_> = read(text, "p")
            .unwrap_err()
            .iter()
            .map(|e| e.code)
            .collect();
        assert_eq!(codes, ["unknown-word", "missing-key"]);
    }

    #[test]
    fn two_stages_of_one_name_are_refused() {
        let one = "[[stage]]\nid = \"s\"\npurpose = \"fine-tuning\"\n";
        let found = read(&format!("format = 1\n{one}{one}"), "p").unwrap_err();
        assert_eq!(found[0].code, "duplicate-stage");
    }
}
