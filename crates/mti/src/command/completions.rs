use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::command::arguments::Arguments;
use crate::exit::Exit;
use crate::output::Output;

/// Prints what makes a shell complete the arguments of `program`.
pub(crate) fn run(shell: Shell, program: &str, output: &Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), program, &mut script);
    output.result(&String::from_utf8_lossy(&script));
    Exit::Done
}
