//! Tariffs: a family of elements that has nothing to do with login.

mod by_weight;
mod family;
mod with_ferry;

pub use crate::by_weight::ByWeight;
pub use crate::family::{Quote, Tariff, TariffSteps};
pub use crate::with_ferry::WithFerry;
