//! The `mti` command with the levels of this app.

use mti_example_new_family::{ByWeight, WithFerry};

fn main() -> std::process::ExitCode {
    mti::main()
        .level::<ByWeight>("acme.new-family", "tariffs.WeightType")
        .level::<WithFerry>("acme.new-family", "tariffs.IslandParcel")
        .run()
}
