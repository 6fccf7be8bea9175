//! Models that are made of several: a pipeline of diffusers, an embedding model with layers of its
//! own. Each part lies in a folder of its own and is inspected like any other.

use std::path::Path;

use weigh_facts::Observed;
use weigh_readers::config;

use crate::error::WeighError;
use crate::folder::{self, Folder, Opened};
use crate::inspect::{InspectOptions, Inspection, inspect_one};

/// One part.
#[derive(Clone, Debug)]
pub struct Component {
    /// The folder it lies in.
    pub name: String,
    /// The class that the pipeline names for it; a claim.
    pub class: Option<String>,
    /// What is in it; nothing for a part without weights, such as a scheduler; or why it could not
    /// be read.
    pub found: Result<Option<Box<Inspection>>, WeighError>,
}

const PIPELINE: &str = "model_index.json";
const MODULES: &str = "modules.json";
/// No published pipeline has as many.
const COMPONENTS_MAX: usize = 64;

/// The parts of a folder; nothing where it is no pipeline.
pub(crate) fn components(
    path: &Path,
    options: &InspectOptions,
) -> Result<Vec<Component>, WeighError> {
    let Opened::Folder(folder) = folder::open(path)? else {
        return Ok(Vec::new());
    };
    let has = |name: &str| folder.path_exists(name);
    let names = if has(PIPELINE) {
        named(&folder)?
    } else if has(MODULES) {
        numbered(&folder)?
    } else {
        return Ok(Vec::new());
    };
    let inside = InspectOptions {
        digests: None,
        devices: false,
        ..options.clone()
    };
    let component = |(name, class): (String, Option<String>)| Component {
        found: part(&path.join(&name), &inside),
        name,
        class,
    };
    Ok(names
        .into_iter()
        .take(COMPONENTS_MAX)
        .map(component)
        .collect())
}

fn part(path: &Path, options: &InspectOptions) -> Result<Option<Box<Inspection>>, WeighError> {
    match inspect_one(path, options) {
        Ok(found) if found.model.is_none() && found.adapter.is_none() => Ok(None),
        Ok(found) => Ok(Some(Box::new(found))),
        // A scheduler, a tokenizer: files, and no weights.
        Err(WeighError::NothingToRead { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `model_index.json` maps names to a library and a class.
fn named(folder: &Folder) -> Result<Vec<(String, Option<String>)>, WeighError> {
    let file = folder.open_file(PIPELINE)?;
    let reading = config::read(&file, file.shown())?;
    let mut names = Vec::new();
    for seen in &reading.observations {
        let Observed::List(words) = &seen.value else {
            continue;
        };
        let is_folder = is_plain(&seen.key) && folder.has_folder(&seen.key);
        if let ([_, class], true) = (words.as_slice(), is_folder) {
            let class = match class {
                Observed::Text(class) => Some(class.clone()),
                _ => None,
            };
            names.push((seen.key.clone(), class));
        }
    }
    Ok(names)
}

/// sentence-transformers numbers its folders: `1_Pooling`, `2_Dense`.
fn numbered(folder: &Folder) -> Result<Vec<(String, Option<String>)>, WeighError> {
    let numbered = |name: &str| {
        let (number, class) = name.split_once('_')?;
        let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| (name.to_owned(), Some(class.to_owned())))
    };
    let names = folder.folders()?;
    Ok(names.iter().filter_map(|name| numbered(name)).collect())
}

/// One part of a path, and no way out.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_has_the_parts_that_it_names_and_that_are_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/tiny-llama");
        for part in ["text_encoder", "scheduler", "stray"] {
            std::fs::create_dir(root.join(part)).expect("made");
        }
        for file in ["config.json", "model.safetensors"] {
            let from = Path::new(examples).join(file);
            std::fs::copy(&from, root.join("text_encoder").join(file)).expect("copied");
            std::fs::copy(&from, root.join("stray").join(file)).expect("copied");
        }
        std::fs::write(root.join("scheduler/scheduler_config.json"), "{}").expect("written");
        let index = r#"{"_class_name": "P", "text_encoder": ["transformers", "LlamaModel"],
            "scheduler": ["diffusers", "Euler"], "gone": ["diffusers", "Unet"],
            "../stray": ["diffusers", "Unet"], "checker": [null, null]}"#;
        std::fs::write(root.join(PIPELINE), index).expect("written");
        let parts = components(root, &InspectOptions::default()).expect("readable");
        let names: Vec<&str> = parts.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["text_encoder", "scheduler"]);
        let [Some(model), None] = [0, 1].map(|i| parts[i].found.as_ref().expect("read").as_ref())
        else {
            panic!("{parts:?}");
        };
        let model = model.model.as_ref().expect("it is covered");
        assert_eq!(model.total.0, 204_224);
    }
}
