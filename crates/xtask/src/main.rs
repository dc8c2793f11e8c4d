//! `cargo xtask tidy`: checks of the repository itself.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

/// Checks of the repository itself.
#[derive(Parser)]
enum Task {
    /// Reports tests that no test binary compiles, dependencies that the architecture forbids, and tests that
    /// `docs/security.md` names and no package has.
    Tidy,
}

#[expect(clippy::print_stderr, reason = "this program reports to the person who runs it")]
fn main() -> ExitCode {
    let Task::Tidy = Task::parse();
    let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2) else {
        eprintln!("error: this program must run inside the repository that it was built from");
        return ExitCode::from(2);
    };
    match xtask::tidy(root) {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in &problems {
                eprintln!("error: {problem}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
