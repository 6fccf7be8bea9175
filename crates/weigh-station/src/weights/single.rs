//! Weights in one file, in formats that have no index of parts.

use weigh_readers::{Entry, npy, onnx};

use super::{Kind, Touched, Weights, WeightsFormat, ambiguous};
use crate::error::WeighError;
use crate::evidence::{Piece, seen};
use crate::folder::Folder;

/// Formats, and the name that is taken where a folder has several files of one. A file to train
/// from comes before one to run, and one that may be anything comes last.
const FORMATS: [(&[Kind], &str); 2] = [
    (&[Kind::Onnx], "model.onnx"),
    (&[Kind::Numpy], "weights.npz"),
];
const ONNX: &str = "ONNX is a format to run: it holds no rules for gradients, and exporters fold and \
                    rename weights; train what it was exported from";

impl Piece {
    /// One file of a folder, if there is one of these formats.
    pub(super) fn read_one_file<'e>(
        &mut self,
        folder: &Folder,
        of: impl Fn(Kind) -> Vec<&'e Entry>,
    ) -> Result<Option<&'static [Kind]>, WeighError> {
        for (kinds, wanted) in FORMATS {
            let [kind] = kinds else { continue };
            let files = of(*kind);
            let name = match files.as_slice() {
                [] => continue,
                [file] => file.name.as_str(),
                several if several.iter().any(|e| e.name == wanted) => {
                    self.passed_over(folder, several, wanted);
                    wanted
                }
                several => return Err(ambiguous(folder, several)),
            };
            let file = folder.open_file(name)?;
            self.read_named_weights(folder, name, *kind, &file)?;
            return Ok(Some(kinds));
        }
        Ok(None)
    }

    pub(super) fn read_numpy(&mut self, folder: &Folder, name: &str) -> Result<(), WeighError> {
        let file = folder.open_file(name)?;
        let touched = Touched::new(&file);
        let (arrays, format) = if name.ends_with(".npz") {
            let arrays = npy::read_archive(&touched, file.shown())?;
            (arrays, "NumPy archive".to_owned())
        } else {
            let stem = name.strip_suffix(".npy").unwrap_or(name);
            let array = npy::read(&touched, stem, file.shown())?;
            let format = format!("NumPy array, version {}", array.version);
            (vec![array], format)
        };
        let read = touched.bytes()?;
        self.inputs.push(seen(&file, "weights", &read, true));
        self.weights = Some(Weights {
            shown: file.shown().to_owned(),
            tensors: arrays.into_iter().map(|array| array.seen).collect(),
            format: WeightsFormat::plain(format),
            gguf: None,
            exported: None,
        });
        Ok(())
    }

    pub(super) fn read_onnx(&mut self, folder: &Folder, name: &str) -> Result<(), WeighError> {
        let file = folder.open_file(name)?;
        let touched = Touched::new(&file);
        let model = onnx::read(&touched, folder, file.shown())?;
        let read = touched.bytes()?;
        self.inputs.push(seen(&file, "weights", &read, true));
        self.warnings.extend(model.reading.warnings.iter().cloned());
        let beside = match model.external.len() {
            0 => String::new(),
            1 => ", numbers in another file".to_owned(),
            n => format!(", numbers in {n} other files"),
        };
        let bytes = model.training.iter().map(|t| t.bytes);
        let bytes = bytes.fold(0, u64::saturating_add);
        let n_training = model.training.len() as u64;
        self.weights = Some(Weights {
            shown: file.shown().to_owned(),
            tensors: model.tensors,
            format: WeightsFormat {
                optimizer: (n_training > 0).then_some((n_training, bytes)),
                ..WeightsFormat::plain(format!("ONNX, ir version {}{beside}", model.ir_version))
            },
            gguf: None,
            exported: Some(ONNX),
        });
        Ok(())
    }
}
