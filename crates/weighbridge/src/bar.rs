//! How far a long reading is, for a person at a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use weigh_station::Progress;

/// A bar on standard error, gone when it is done.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar, if a person is looking.
    pub(crate) fn on_a_terminal() -> Option<Self> {
        io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            Self(bar)
        })
    }
}

impl Progress for Bar {
    fn began(&self, files: usize, bytes: u64) {
        let template = "  {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_message(format!("({files} files)"));
        self.0.set_length(bytes);
    }

    fn went_on(&self, bytes: u64) {
        self.0.inc(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
