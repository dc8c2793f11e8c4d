use mti::prelude::*;
use serde::{Deserialize, Serialize};

steps! {
    /// What it costs to have something delivered.
    "tariffs.Meta": Tariff, TariffSteps {
        /// What it costs to send so many grams to a postcode.
        "quote" fn quote(grams: u64, postcode: String) -> Quote;
        /// What is added to the price by weight.
        "surcharge" fn surcharge(grams: u64, postcode: String) -> u64;
        /// The currency of all its amounts.
        property "currency" fn currency() -> String;
    }
}

/// A price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// In hundredths of the currency.
    pub cents: u64,
    /// The currency.
    pub currency: String,
}
