use std::cmp::Ordering;

use crate::Row;
use crate::scalar::compare_values;

/// One key of an order. Null comes before every value, so last when descending; rows that tie come in the order of
/// their primary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field's name.
    pub field: String,
    /// Whether the largest comes first.
    pub descending: bool,
}

impl Order {
    /// Smallest first.
    pub fn ascending(field: impl Into<String>) -> Self {
        Self { field: field.into(), descending: false }
    }

    /// Largest first.
    pub fn descending(field: impl Into<String>) -> Self {
        Self { field: field.into(), descending: true }
    }
}

/// How two rows stand to each other.
pub(crate) fn compare_rows(orders: &[Order], left: &Row, right: &Row) -> Ordering {
    let null = serde_json::Value::Null;
    orders
        .iter()
        .map(|order| {
            let left = left.get(&order.field).unwrap_or(&null);
            let right = right.get(&order.field).unwrap_or(&null);
            let ordering = compare_values(left, right);
            if order.descending { ordering.reverse() } else { ordering }
        })
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}
