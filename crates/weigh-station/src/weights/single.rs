//! Weights in formats that run and are not made to be trained.

use weigh_readers::{Entry, onnx};

use super::{Kind, Touched, Weights, WeightsFormat, ambiguous};
use crate::error::WeighError;
use crate::evidence::{Piece, seen};
use crate::folder::Folder;

/// The file that exporters write where there is one.
const ONNX_FIRST: &str = "model.onnx";
const ONNX: &str = "ONNX is a format to run: it holds no rules for gradients, and exporters fold and \
                    rename weights; train what it was exported from";

impl Piece {
    /// One file of a folder, if there is one, and what other files the same format has.
    pub(super) fn read_exported(
        &mut self,
        folder: &Folder,
        files: &[&Entry],
    ) -> Result<Option<&'static [Kind]>, WeighError> {
        match files {
            [] => return Ok(None),
            [file] => self.read_onnx(folder, &file.name)?,
            several if several.iter().any(|e| e.name == ONNX_FIRST) => {
                self.passed_over(folder, several, ONNX_FIRST);
                self.read_onnx(folder, ONNX_FIRST)?;
            }
            several => return Err(ambiguous(folder, several)),
        }
        Ok(Some(&[Kind::Onnx]))
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
