//! Where data goes.

use std::io::{self, IsTerminal, Write};

use crate::failure::Failure;

/// Writes data to standard output. A reader that has gone away is not an error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::output(&error)),
        _ => Ok(()),
    }
}

/// Writes a file the person named, whole or not at all.
pub(crate) fn write_file(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    let shown = path.display();
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(std::path::Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.{}", std::process::id()));
    let written = std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        Failure::new("unwritable", format!("cannot write `{shown}`: {error}"))
            .help("check that the folder exists and that you may write there")
    })
}

/// Does a person read standard output in a terminal that shows color?
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}
