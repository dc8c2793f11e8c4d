use mti::prelude::*;
use serde::Deserialize;

use crate::{Tariff, TariffSteps};

/// The code of the instance `tariffs.IslandParcel`: the one step in which it differs from its Type.
#[derive(Debug, Deserialize, Level)]
pub struct WithFerry {
    ferry: Ferry,
}

#[derive(Debug, Deserialize)]
struct Ferry {
    postcodes: Vec<String>,
    cents: u32,
}

#[level]
impl TariffSteps for WithFerry {
    async fn surcharge(&self, this: Tariff<'_>, grams: u64, postcode: String) -> Result<u64> {
        let needs_ferry = self.ferry.postcodes.contains(&postcode);
        let below = this.sup().surcharge(grams, postcode).await?;
        Ok(if needs_ferry { below.saturating_add(self.ferry.cents.into()) } else { below })
    }
}
