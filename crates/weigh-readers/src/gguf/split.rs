//! A model in several GGUF files, `NAME-00001-of-00003.gguf`, whose first part has the metadata.
//!
//! - **Invariant:** part of a model is never read as the model: every part is there, says the same
//!   count, and together they hold as many tensors as the first one says, each once.

use std::collections::{BTreeSet, HashMap};

use super::{Header, TENSORS_MAX, read_header};
use crate::{ReadError, Tree};

/// What a part says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitClaim {
    /// Which part it is, from zero: `split.no`.
    pub number: Option<u64>,
    /// How many there are: `split.count`.
    pub count: u64,
    /// Tensors in all of them: `split.tensors.count`.
    pub tensors: Option<u64>,
}

/// The name of a part, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartName {
    /// What stands before the number, its folder included.
    pub stem: String,
    /// Which part it is, from one.
    pub number: u64,
    /// How many there are.
    pub count: u64,
}

impl PartName {
    /// Reads `NAME-00001-of-00003.gguf`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_suffix(".gguf")?;
        let (rest, count) = rest.rsplit_once("-of-")?;
        let (stem, number) = rest.rsplit_once('-')?;
        let number = five_digits(number)?;
        let count = five_digits(count)?;
        (1..=count).contains(&number).then(|| Self {
            stem: stem.to_owned(),
            number,
            count,
        })
    }

    /// The name of another part.
    #[must_use]
    pub fn part(&self, number: u64) -> String {
        format!("{}-{number:05}-of-{:05}.gguf", self.stem, self.count)
    }
}

fn five_digits(text: &str) -> Option<u64> {
    let plain = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

/// All parts of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The name of each part in the tree, in order.
    pub parts: Vec<String>,
    /// The metadata of the first part, and the tensors of all of them, each with the file it is
    /// in. Lengths are sums; places are counted in their own file.
    pub header: Header,
}

impl Header {
    /// What it says of the parts of its model, if it is one of several.
    #[must_use]
    pub fn split(&self) -> Option<SplitClaim> {
        let whole = |key: &str| self.get(key).and_then(|m| m.whole());
        Some(SplitClaim {
            number: whole("split.no"),
            count: whole("split.count")?,
            tensors: whole("split.tensors.count"),
        })
    }
}

/// Reads all parts of the model that `name`, one of them, belongs to.
///
/// `input` is how the person named this part; the others are named in its way.
///
/// # Errors
/// When the name is no part's, a part is missing or cannot be read, or the parts disagree.
pub fn read_split(tree: &dyn Tree, name: &str, input: &str) -> Result<Split, ReadError> {
    let Some(part) = PartName::parse(name) else {
        return Err(ReadError::Gguf {
            input: input.to_owned(),
            reason: "its name is not that of a part, `NAME-00001-of-00003.gguf`".to_owned(),
            offset: 0,
        });
    };
    let before = input.strip_suffix(name).unwrap_or_default();
    let there: BTreeSet<String> = tree.entries()?.into_iter().map(|e| e.name).collect();
    // Before any is read: a count of 99,999 must not open as many files.
    for number in 1..=part.count {
        let other = part.part(number);
        if !there.contains(&other) {
            return Err(disagree(input, &other, "it is not there".to_owned()));
        }
    }
    let mut whole: Option<Header> = None;
    let mut parts = Vec::new();
    for number in 1..=part.count {
        let other = part.part(number);
        let object = tree.open(&other)?;
        let header = read_header(object.as_ref(), &format!("{before}{other}"))?;
        check_claim(&header, &part, number, input)?;
        parts.push(other);
        match &mut whole {
            None => whole = Some(header),
            Some(whole) => join(whole, header)?,
        }
    }
    let Some(header) = whole else {
        return Err(disagree(input, name, "there are no parts".to_owned()));
    };
    check_tensors(&header, input)?;
    Ok(Split { parts, header })
}

fn disagree(input: &str, shard: &str, reason: String) -> ReadError {
    ReadError::ShardMismatch {
        input: input.to_owned(),
        shard: shard.to_owned(),
        reason,
    }
}

fn check_claim(
    header: &Header,
    part: &PartName,
    number: u64,
    input: &str,
) -> Result<(), ReadError> {
    let fail = |reason: String| Err(disagree(input, &header.input, reason));
    let Some(claim) = header.split() else {
        // One file of one is whole, whether or not it says so.
        if part.count == 1 {
            return Ok(());
        }
        return fail("it does not say that it is a part: `split.count` is missing".to_owned());
    };
    if claim.count != part.count {
        return fail(format!(
            "`split.count` is {}, and the names say {}",
            claim.count, part.count
        ));
    }
    match claim.number {
        Some(found) if found == number - 1 => Ok(()),
        Some(found) => fail(format!(
            "`split.no` is {found}, and should be {}",
            number - 1
        )),
        None => fail("`split.no` is missing".to_owned()),
    }
}

fn join(whole: &mut Header, part: Header) -> Result<(), ReadError> {
    let other = |h: &Header| h.get("general.architecture").map(|m| m.value.clone());
    let says = other(&part);
    if says.is_some() && says != other(whole) {
        let reason = "they name different architectures".to_owned();
        return Err(disagree(&whole.input, &part.input, reason));
    }
    if part.is_big_endian != whole.is_big_endian {
        let reason = "they differ in the order of bytes".to_owned();
        return Err(disagree(&whole.input, &part.input, reason));
    }
    if (whole.tensors.len() + part.tensors.len()) as u64 > TENSORS_MAX {
        let reason = format!("together they hold more than {TENSORS_MAX} tensors");
        return Err(disagree(&whole.input, &part.input, reason));
    }
    whole.tensors.extend(part.tensors);
    whole.places.extend(part.places);
    whole.header_len = whole.header_len.saturating_add(part.header_len);
    whole.data_len = whole.data_len.saturating_add(part.data_len);
    Ok(())
}

fn check_tensors(header: &Header, input: &str) -> Result<(), ReadError> {
    let mut seen: HashMap<&str, &str> = HashMap::with_capacity(header.tensors.len());
    for tensor in &header.tensors {
        if let Some(other) = seen.insert(&tensor.name, &tensor.input) {
            let reason = format!("tensor `{}` is in both", tensor.name);
            return Err(disagree(other, &tensor.input, reason));
        }
    }
    let found = header.tensors.len() as u64;
    let Some(claim) = header.split() else {
        return Ok(());
    };
    match claim.tensors {
        Some(claimed) if claimed == found => Ok(()),
        Some(claimed) => {
            let reason = format!("it says {claimed} tensors, and the parts hold {found}");
            Err(disagree(input, &header.input, reason))
        }
        None => {
            let reason = "`split.tensors.count` is missing".to_owned();
            Err(disagree(input, &header.input, reason))
        }
    }
}
