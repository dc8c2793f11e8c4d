//! Tariffs: a family of elements that has nothing to do with login.

mod by_weight;
mod family;
mod with_ferry;

pub use crate::by_weight::ByWeight;
pub use crate::family::{Quote, Tariff, TariffSteps};
pub use crate::with_ferry::WithFerry;

/// The `mti` command with the code of this app.
pub fn program() -> mti::Program {
    mti::main()
        .level::<ByWeight>("acme.new-family", "tariffs.WeightType")
        .level::<WithFerry>("acme.new-family", "tariffs.IslandParcel")
}
