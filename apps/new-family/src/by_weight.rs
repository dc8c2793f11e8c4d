use mti::prelude::*;
use serde::Deserialize;

use crate::{Quote, Tariff, TariffSteps};

/// The code of `tariffs.WeightType`: so much for each parcel and so much for each kilogram that is begun. An instance is
/// made by config alone.
#[derive(Debug, Deserialize, Level)]
#[serde(rename_all = "camelCase")]
pub struct ByWeight {
    currency: String,
    base_cents: u32,
    cents_per_kilogram: u32,
    max_grams: u32,
}

#[level]
impl TariffSteps for ByWeight {
    async fn quote(&self, this: Tariff<'_>, grams: u64, postcode: String) -> Result<Quote> {
        if !(1..=u64::from(self.max_grams)).contains(&grams) {
            return Err(
                Fail::API_PARAMS_ERROR.because(format!("argument `grams` must be from 1 to {}", self.max_grams))
            );
        }
        let by_weight = u64::from(self.base_cents) + grams.div_ceil(1000) * u64::from(self.cents_per_kilogram);
        let surcharge = this.surcharge(grams, postcode).await?;
        Ok(Quote { cents: by_weight.saturating_add(surcharge), currency: this.currency().await? })
    }

    async fn surcharge(&self, _: Tariff<'_>, _: u64, _: String) -> Result<u64> {
        Ok(0)
    }

    async fn currency(&self, _: Tariff<'_>) -> Result<String> {
        Ok(self.currency.clone())
    }
}
