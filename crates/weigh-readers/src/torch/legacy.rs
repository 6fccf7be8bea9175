//! Checkpoints before PyTorch 1.6: five pickles and the numbers, one after another.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::{Fault, Gatherer};
use super::{Checkpoint, Contents, Layout};
use crate::pickle::{self, Id, Name, Value, Verdict, Vouched, Walk};
use crate::{Object, ReadError};

/// 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: u64 = 1001;
const PICKLES_MAX: u64 = 100 << 20;
/// How far into the file we look at first, since its pickles do not say how long they are.
const FIRST_LOOK: u64 = 1 << 20;

pub(super) fn read(object: &dyn Object, input: &str) -> Result<Checkpoint, ReadError> {
    let mut look = FIRST_LOOK;
    loop {
        let len = object.len().min(look).min(PICKLES_MAX);
        // At most 100 MiB and no more than the file has.
        let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
        object.read_at(0, &mut bytes)?;
        let pickles = Pickles::read(&bytes);
        if pickles.is_cut_off && len < object.len().min(PICKLES_MAX) {
            look = look.saturating_mul(10);
            continue;
        }
        return pickles.checkpoint(object, input, &bytes);
    }
}

/// The pickles at the head of a file, up to where they break.
struct Pickles {
    walks: Vec<Walk>,
    verdict: Verdict,
    is_cut_off: bool,
    is_legacy: bool,
    end: usize,
}

impl Pickles {
    fn read(bytes: &[u8]) -> Self {
        let mut pickles = Self {
            walks: Vec::new(),
            verdict: Verdict::Clean,
            is_cut_off: false,
            is_legacy: false,
            end: 0,
        };
        // Magic number, version, system, the object, and the keys of its storages.
        for number in 0..5 {
            let rest = bytes.get(pickles.end..).unwrap_or_default();
            let walk = pickle::walk_first(rest, Vouched::Torch);
            pickles.is_cut_off = walk.is_cut_off();
            pickles.verdict = pickles.verdict.and(walk.verdict());
            let is_broken = walk.root().is_none();
            if number == 0 {
                pickles.is_legacy = walk.root().is_some_and(|root| is_magic(&walk, root));
            }
            if number == 0 && !pickles.is_legacy {
                // Something else, which loading would run all the same; read to its end.
                let walk = pickle::walk(rest, Vouched::Torch);
                pickles.verdict = walk.verdict();
                pickles.walks.push(walk);
                return pickles;
            }
            pickles.end += walk.end();
            pickles.walks.push(walk);
            if is_broken {
                break;
            }
        }
        pickles
    }

    fn checkpoint(
        self,
        object: &dyn Object,
        input: &str,
        bytes: &[u8],
    ) -> Result<Checkpoint, ReadError> {
        let refuse = |reason: &str| ReadError::Torch {
            input: input.to_owned(),
            reason: reason.to_owned(),
        };
        let starts_as_pickle =
            matches!(bytes, [0x80, 0..=5, ..]) || !self.verdict.suspects().is_empty();
        if !self.is_legacy && !starts_as_pickle {
            return Err(refuse("it begins neither as a zip archive nor as a pickle"));
        }
        let names: BTreeSet<String> = (self.walks.iter().flat_map(|walk| walk.names()))
            .map(Name::dotted)
            .collect();
        let layout = match self.is_legacy {
            true => Layout::Legacy,
            false => Layout::Pickle,
        };
        let (mut verdict, mut metadata) = (self.verdict, BTreeMap::new());
        let contents = match (self.is_legacy, self.walks.as_slice()) {
            (true, [_, version, system, object_walk, keys]) => {
                metadata = notes(version, system);
                match contents(object, input, (version, object_walk, keys), self.end) {
                    Ok(contents) => Ok(contents),
                    Err(Fault::Refused(error)) => Err(error),
                    Err(Fault::Limit(reason)) => {
                        verdict = verdict.broken(reason.clone());
                        Err(refuse(&reason))
                    }
                }
            }
            (true, _) => Err(refuse("its pickles break before their end")),
            (false, _) => Err(refuse("it is a pickle, and not one that PyTorch wrote")),
        };
        Ok(Checkpoint {
            input: input.to_owned(),
            layout,
            verdict,
            names: names.into_iter().collect(),
            code_inside: Vec::new(),
            metadata,
            warnings: Vec::new(),
            contents,
        })
    }
}

fn is_magic(walk: &Walk, root: Id) -> bool {
    matches!(walk.value(root), Value::Long(bytes) if **bytes == MAGIC)
}

fn notes(version: &Walk, system: &Walk) -> BTreeMap<String, String> {
    let mut notes = BTreeMap::new();
    if let Some(version) = version.root().and_then(|root| version.count(root)) {
        notes.insert("version".to_owned(), version.to_string());
    }
    let order = system
        .root()
        .and_then(|root| system.at(root, "little_endian"));
    if let Some(Value::Bool(is_little)) = order.map(|id| system.value(id)) {
        let order = if *is_little { "little" } else { "big" };
        notes.insert("byteorder".to_owned(), order.to_owned());
    }
    notes
}

fn contents(
    object: &dyn Object,
    input: &str,
    (version, walk, keys): (&Walk, &Walk, &Walk),
    from: usize,
) -> Result<Contents, Fault> {
    let refuse = |reason: String| {
        Fault::Refused(ReadError::Torch {
            input: input.to_owned(),
            reason,
        })
    };
    let (Some(root), Some(list)) = (walk.root(), keys.root()) else {
        return Err(refuse("its pickles break before their end".to_owned()));
    };
    if version.root().and_then(|root| version.count(root)) != Some(VERSION) {
        return Err(refuse(format!(
            "its version is not {VERSION}, the only one there was"
        )));
    }
    let mut gatherer = Gatherer::new(input);
    gatherer.gather(walk, root, "", "")?;
    let Value::List(list) = keys.value(list) else {
        return Err(refuse("it does not list its storages".to_owned()));
    };
    let mut at = from as u64;
    let mut seen = BTreeSet::new();
    for id in list {
        let key = keys
            .text(*id)
            .ok_or_else(|| refuse("the key of a storage is no text".to_owned()))?;
        let claim = gatherer.claimed().get(key).filter(|_| seen.insert(key));
        let Some(claim) = claim else {
            let reason = format!("storage `{key}` belongs to no tensor, or is there twice");
            return Err(refuse(reason));
        };
        let room = object.len().saturating_sub(at);
        let mut count = [0; 8];
        if room >= 8 {
            object.read_at(at, &mut count).map_err(Fault::Refused)?;
        }
        let count = u64::from_le_bytes(count);
        if room < 8 || count != claim.count || claim.bytes > room - 8 {
            return Err(refuse(format!(
                "storage `{key}` should hold {} numbers in {} bytes, and claims {count} with {room} bytes left",
                claim.count, claim.bytes
            )));
        }
        at += 8 + claim.bytes;
    }
    if let Some((key, _)) = gatherer
        .claimed()
        .iter()
        .find(|(key, _)| !seen.contains(key.as_str()))
    {
        return Err(refuse(format!("storage `{key}` is not in it")));
    }
    if at != object.len() {
        let reason = format!("{} bytes at its end belong to no tensor", object.len() - at);
        return Err(refuse(reason));
    }
    Ok(gatherer.finish())
}
