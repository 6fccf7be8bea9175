//! Weights at hand: where each tensor lies, and what is made of its bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;
use weigh_compute::fingerprint::{
    ELEMENTS_MIN, Fingerprint, Matrix, Role, SketchKey, Sketcher, StreamAxis, TensorPrint, role,
    stream_axis,
};
use weigh_facts::TensorSeen;
use weigh_ledger::digest::Blake3State;
use weigh_readers::{Object, ReadError, safetensors, values};

use super::{Embedding, LineageKey, PIECE, Registered, declared};
use crate::digests::Progress;
use crate::error::WeighError;
use crate::evidence;
use crate::folder::{self, OpenFile, Opened};
use crate::weigh;

/// Rows of the embedding that are kept.
const ROWS: u64 = 512;
/// Between the tokens of two kept rows, where there are enough: a prime, so no habit of a
/// tokenizer is hit each time.
const STRIDE: u64 = 61;
/// Values of the embedding that are kept at most.
const EMBEDDING_MAX: u64 = 1 << 22;

/// Files and the places of tensors in them.
#[derive(Debug)]
pub(super) struct Source {
    files: Vec<OpenFile>,
    places: BTreeMap<String, Place>,
    key: SketchKey,
}

#[derive(Debug)]
struct Place {
    file: usize,
    offset: u64,
    seen: TensorSeen,
}

pub(super) fn register(
    path: &Path,
    key: &LineageKey,
    progress: &dyn Progress,
) -> Result<Registered, WeighError> {
    let piece = evidence::gather(path)?;
    let declared = declared::read(path, &piece)?;
    let no_values = |seen: &str| WeighError::NoValues {
        path: path.display().to_string(),
        seen: seen.to_owned(),
    };
    let Some(weights) = &piece.weights else {
        return Err(no_values("there are no weights of a whole model here"));
    };
    if !weights.format.name.starts_with("safetensors") {
        let name = &weights.format.name;
        return Err(no_values(&format!("the weights are {name}")));
    }
    let source = Source::open(&weights.tensors, key.key)?;
    let bytes = weights.tensors.iter().map(|t| t.bytes);
    progress.began(source.files.len(), bytes.fold(0, u64::saturating_add));
    // One by one from a shared queue: tensors differ in size by factors of a million.
    let places: Vec<&Place> = source.places.values().collect();
    let tensors: Vec<TensorPrint> = places
        .par_iter()
        .with_max_len(1)
        .map(|place| source.print(place, progress))
        .collect::<Result<_, ReadError>>()?;
    if tensors.iter().all(|t| t.sketch.is_none()) {
        return Err(no_values("no large tensor holds floating point values"));
    }
    Ok(Registered {
        name: weigh::subject_name(path),
        declared,
        embedding: source.embedding()?,
        fingerprint: Fingerprint {
            key_id: key.id.clone(),
            tensors,
        },
        warnings: piece.warnings,
        source: Some(source),
    })
}

impl Source {
    fn open(tensors: &[TensorSeen], key: SketchKey) -> Result<Self, WeighError> {
        let names: BTreeSet<&str> = tensors.iter().map(|t| t.input.as_str()).collect();
        let mut files = Vec::new();
        let mut places = BTreeMap::new();
        for name in names {
            let Opened::File(_, file) = folder::open(Path::new(name))? else {
                continue;
            };
            let header = safetensors::read_header(&file, name)?;
            let mut offset = header.header_len + 8;
            for seen in header.tensors {
                let bytes = seen.bytes;
                let place = Place {
                    file: files.len(),
                    offset,
                    seen,
                };
                places.insert(place.seen.name.clone(), place);
                offset += bytes;
            }
            files.push(file);
        }
        Ok(Self { files, places, key })
    }

    fn file(&self, place: &Place) -> Result<&OpenFile, ReadError> {
        self.files
            .get(place.file)
            .ok_or_else(|| ReadError::Changed {
                input: place.seen.input.clone(),
            })
    }

    /// Hands the bytes of a tensor on, piece by piece.
    fn each_piece(&self, place: &Place, each: &mut dyn FnMut(&[u8])) -> Result<(), ReadError> {
        let file = self.file(place)?;
        let mut buffer = vec![0; PIECE];
        let mut done = 0;
        while done < place.seen.bytes {
            let n = usize::try_from(place.seen.bytes - done)
                .unwrap_or(PIECE)
                .min(PIECE);
            let piece = buffer.get_mut(..n).unwrap_or_default();
            file.read_at(place.offset + done, piece)?;
            each(piece);
            done += n as u64;
        }
        Ok(())
    }

    fn print(&self, place: &Place, progress: &dyn Progress) -> Result<TensorPrint, ReadError> {
        let seen = &place.seen;
        let row = row_len(seen);
        let mut sketcher = values::width(seen.dtype).map(|_| Sketcher::new(self.key, row));
        let mut blake3 = Blake3State::default();
        let mut decoded = Vec::new();
        self.each_piece(place, &mut |piece| {
            blake3.update(piece);
            if let Some(sketcher) = &mut sketcher {
                decoded.clear();
                values::decode(seen.dtype, piece, &mut decoded);
                sketcher.update(&decoded);
            }
            progress.went_on(piece.len() as u64);
        })?;
        let found = sketcher.map(Sketcher::finish);
        let is_kept = seen.shape.len() >= 2 && seen.elements > ELEMENTS_MIN;
        let moments = found.as_ref().map(|(moments, _)| *moments);
        let is_constant = moments.is_some_and(|m| m.is_constant);
        Ok(TensorPrint {
            name: seen.name.clone(),
            dtype: seen.dtype.as_str().to_owned(),
            shape: seen.shape.clone(),
            digest: blake3.finish().0,
            moments,
            sketch: found.map(|f| f.1).filter(|_| is_kept && !is_constant),
        })
    }

    /// The sketches again, with the residual stream in another order: coordinate `k` of the stream
    /// goes where `order` says.
    pub(super) fn reordered(
        &self,
        fingerprint: &Fingerprint,
        order: &[usize],
    ) -> Result<Fingerprint, ReadError> {
        let mut back = vec![0; order.len()];
        for (theirs, ours) in order.iter().enumerate() {
            if let Some(slot) = back.get_mut(*ours) {
                *slot = theirs as u64;
            }
        }
        let tensors = fingerprint.tensors.par_iter().with_max_len(1).map(|print| {
            let place = self
                .places
                .get(&print.name)
                .filter(|_| print.sketch.is_some());
            match place {
                Some(place) => self.print_reordered(place, print, &back),
                None => Ok(print.clone()),
            }
        });
        Ok(Fingerprint {
            key_id: fingerprint.key_id.clone(),
            tensors: tensors.collect::<Result<_, _>>()?,
        })
    }

    fn print_reordered(
        &self,
        place: &Place,
        print: &TensorPrint,
        back: &[u64],
    ) -> Result<TensorPrint, ReadError> {
        let [rows, columns] = place.seen.shape.as_slice() else {
            return Ok(print.clone());
        };
        let axis = stream_axis(&print.name);
        let along = match axis {
            StreamAxis::First => *rows,
            StreamAxis::Last => *columns,
        };
        if along != back.len() as u64 {
            return Ok(print.clone());
        }
        let mut sketcher = Sketcher::new(self.key, row_len(&place.seen));
        let (mut at, mut decoded) = (0_u64, Vec::new());
        let moved = |k: u64| {
            let place = usize::try_from(k).ok().and_then(|k| back.get(k));
            place.copied().unwrap_or(k)
        };
        self.each_piece(place, &mut |piece| {
            decoded.clear();
            values::decode(place.seen.dtype, piece, &mut decoded);
            for value in &decoded {
                let (row, column) = (at / columns, at % columns);
                let coordinate = match axis {
                    StreamAxis::First => moved(row) * columns + column,
                    StreamAxis::Last => row * columns + moved(column),
                };
                sketcher.add(coordinate, *value);
                at += 1;
            }
        })?;
        Ok(TensorPrint {
            sketch: Some(sketcher.finish().1),
            ..print.clone()
        })
    }

    /// Names of all tensors, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The upper left corner of a matrix, and nothing for what is none.
    pub(super) fn corner(&self, name: &str, rows: u64, columns: u64) -> Option<Matrix> {
        let place = self.places.get(name)?;
        let [all_rows, all_columns] = place.seen.shape.as_slice() else {
            return None;
        };
        let (rows, columns) = (rows.min(*all_rows), columns.min(*all_columns));
        let ids: Vec<u64> = (0..rows).collect();
        self.rows(place, &ids, columns).ok()
    }

    fn rows(&self, place: &Place, ids: &[u64], columns: u64) -> Result<Matrix, ReadError> {
        let width = values::width(place.seen.dtype).unwrap_or_default() as u64;
        let row_len = row_len(&place.seen) as u64;
        let file = self.file(place)?;
        let mut bytes = vec![0; usize::try_from(columns * width).unwrap_or_default()];
        let mut found = Vec::new();
        for id in ids {
            file.read_at(place.offset + id * row_len * width, &mut bytes)?;
            values::decode(place.seen.dtype, &bytes, &mut found);
        }
        Ok(Matrix {
            columns: usize::try_from(columns).unwrap_or_default(),
            values: found,
        })
    }

    fn embedding(&self) -> Result<Option<Embedding>, ReadError> {
        let is_embedding = |p: &&Place| {
            role(&p.seen.name) == Role::Embedding
                && p.seen.shape.len() == 2
                && values::width(p.seen.dtype).is_some()
        };
        let Some(place) = self.places.values().find(is_embedding) else {
            return Ok(None);
        };
        let [tokens, width] = place.seen.shape.as_slice() else {
            return Ok(None);
        };
        let kept = ROWS.min(EMBEDDING_MAX / (*width).max(1)).min(*tokens);
        let stride = if kept * STRIDE <= *tokens {
            STRIDE
        } else {
            (tokens / kept.max(1)).max(1)
        };
        let ids: Vec<u64> = (0..kept).map(|k| k * stride).collect();
        let rows = self.rows(place, &ids, *width)?;
        Ok(Some(Embedding {
            tokens: *tokens,
            width: rows.columns,
            ids,
            values: rows.values,
        }))
    }
}

fn row_len(seen: &TensorSeen) -> usize {
    let last = seen.shape.last().copied().unwrap_or(1);
    usize::try_from(last).unwrap_or(usize::MAX)
}
