//! Whatever index a filter is answered through, the answer is that of looking at every row.

use std::cmp::Ordering;
use std::sync::Arc;

use mti_data::q::{Literal, Operator};
use mti_data::{Filter, MemoryDatabase, ModelSchema, Operation, Order, Query, Row};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::contract::Shared;
use crate::fixtures::{row, schema};
use crate::sled_store::temporary;

fn indexed() -> Arc<ModelSchema> {
    schema(&json!({
        "fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "t", "dataType": "Stext"},
            {"name": "u", "dataType": "Stext"},
            {"name": "i", "dataType": "Integer"},
            {"name": "n", "dataType": "Numeric"},
            {"name": "b", "dataType": "Boolean"}
        ],
        "uniqueList": [["t", "i"]],
        "indexList": [["t", "u"], ["i"], ["n", "t"], ["b", "n"]]
    }))
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[ab]{1,3}", "[aé微\u{1}%]{1,2}"]
}

fn integers() -> impl Strategy<Value = i64> {
    prop_oneof![-3..4_i64, Just(i64::MIN), Just(i64::MAX)]
}

fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![(-3..4_i32).prop_map(f64::from), Just(-0.5), Just(0.25), Just(1e15)]
}

fn rows() -> impl Strategy<Value = Row> {
    let optional_text = || prop::option::of(texts());
    let fields = (
        optional_text(),
        optional_text(),
        prop::option::of(integers()),
        prop::option::of(numbers()),
        any::<Option<bool>>(),
    );
    fields.prop_map(|(t, u, i, n, b)| row(json!({"t": t, "u": u, "i": i, "n": n, "b": b})))
}

fn conditions() -> impl Strategy<Value = Filter> {
    use Operator::{
        EndsWith, Equal, Greater, GreaterOrEqual, In, IsNull, Less, LessOrEqual, Like, NotEqual, NotIn, Range,
        StartsWith,
    };
    fn of(
        fields: &'static [&'static str],
        values: impl Strategy<Value = Literal> + Clone + 'static,
        operators: &'static [Operator],
    ) -> impl Strategy<Value = Filter> {
        let field = || prop::sample::select(fields);
        let list = prop::collection::vec(prop_oneof![9 => values.clone(), 1 => Just(Literal::Null)], 0..4);
        prop_oneof![
            6 => (field(), prop::sample::select(operators), values.clone())
                .prop_map(|(field, operator, value)| Filter::compare(field, operator, value)),
            2 => (field(), values.clone(), values.clone())
                .prop_map(|(field, low, high)| Filter::compare(field, Range, Literal::List(vec![low, high]))),
            2 => (field(), prop::sample::select(&[In, NotIn][..]), list)
                .prop_map(|(field, operator, items)| Filter::compare(field, operator, Literal::List(items))),
        ]
    }
    const ORDERED: &[Operator] = &[Equal, Equal, Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual];
    const TEXT: &[Operator] = &[Equal, Equal, Equal, Less, GreaterOrEqual, Greater, StartsWith, EndsWith, Like];
    prop_oneof![
        4 => of(&["t", "u"], texts().prop_map(Literal::from).boxed(), TEXT),
        2 => of(&["i"], integers().prop_map(Literal::from).boxed(), ORDERED),
        2 => of(&["n"], numbers().prop_map(Literal::from).boxed(), ORDERED),
        1 => of(&["id"], (0..12_i64).prop_map(Literal::from).boxed(), ORDERED),
        1 => any::<bool>().prop_map(|value| Filter::equal("b", value)),
        1 => (prop::sample::select(&["t", "u", "i", "n", "b"][..]), any::<bool>())
            .prop_map(|(field, null)| Filter::compare(field, IsNull, null)),
    ]
}

fn filters() -> impl Strategy<Value = Filter> {
    conditions().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            1 => inner.prop_map(|filter| !filter),
        ]
    })
}

/// Fills a database, changes some rows and deletes some, and compares every filter's answer with that of all rows.
async fn agrees(
    database: Shared,
    rows: Vec<Row>,
    changes: Row,
    filters: Vec<Filter>,
    pages: &[Wanted],
) -> Result<(), TestCaseError> {
    let schema = indexed();
    database.prepare(schema.clone(), Vec::new()).await.expect("prepares");
    for row in rows {
        // Some collide: those are left out.
        let _inserted = database.execute(vec![Operation::insert(&schema, row)]).await;
    }
    let bind = |filter: &Filter| filter.bind(&schema).unwrap_or_else(|error| panic!("{filter}: {error}"));
    if let [first, second, ..] = filters.as_slice() {
        let _changed = database.execute(vec![Operation::update(&schema, bind(first), changes)]).await;
        let both = first.clone() & second.clone();
        let _deleted = database.execute(vec![Operation::delete(&schema, bind(&both))]).await;
    }
    let all = database.find(schema.clone(), Query::new(bind(&Filter::All))).await.expect("finds").rows;
    for filter in &filters {
        let bound = bind(filter);
        let expected: Vec<_> = all.iter().filter(|row| bound.matches(row)).cloned().collect();
        let query = Query { count: true, ..Query::new(bound.clone()) };
        let page = database.find(schema.clone(), query).await.expect("finds");
        prop_assert_eq!(&page.rows, &expected, "{}", filter);
        prop_assert_eq!(page.total, Some(expected.len() as u64));
        let first = database.find(schema.clone(), Query::first(bound.clone())).await.expect("finds");
        prop_assert_eq!(first.rows.first(), expected.first(), "{}", filter);
        for (order, offset, limit, count) in pages {
            let mut sorted = expected.clone();
            // Stable, and `expected` is in the order of the primary keys.
            sorted.sort_by(|left, right| compared(order, left, right));
            let page: Vec<_> = sorted.into_iter().skip(*offset).take(*limit).collect();
            let query = Query {
                order: order.clone(),
                offset: *offset,
                limit: Some(*limit),
                count: *count,
                ..Query::new(bound.clone())
            };
            let found = database.find(schema.clone(), query).await.expect("finds");
            prop_assert_eq!(&found.rows, &page, "{} by {:?} from {} at most {}", filter, order, offset, limit);
            prop_assert_eq!(found.total, count.then_some(expected.len() as u64));
        }
    }
    Ok(())
}

fn compared(order: &[Order], left: &Row, right: &Row) -> Ordering {
    let by_one = |order: &Order| {
        let (left, right) = (&left[&order.field], &right[&order.field]);
        let ascending = match (left, right) {
            (Value::String(left), Value::String(right)) => left.cmp(right),
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => left.as_f64().partial_cmp(&right.as_f64()).expect("finite"),
            },
            // Null comes first.
            _ => right.is_null().cmp(&left.is_null()),
        };
        if order.descending { ascending.reverse() } else { ascending }
    };
    order.iter().map(by_one).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

/// An order, how many rows are left out, how many are wanted, and whether all are counted.
type Wanted = (Vec<Order>, usize, usize, bool);

fn wanted() -> impl Strategy<Value = Wanted> {
    let order = (prop::sample::select(&["id", "t", "u", "i", "n", "b"][..]), any::<bool>())
        .prop_map(|(field, descending)| Order { field: field.to_owned(), descending });
    (prop::collection::vec(order, 0..4), 0..4_usize, 0..8_usize, any::<bool>())
}

fn changes() -> impl Strategy<Value = Row> {
    (prop::option::of(texts()), prop::option::of(numbers())).prop_map(|(u, n)| {
        let given = [("u", json!(u)), ("n", json!(n))];
        given
            .into_iter()
            .filter(|(_, value)| *value != Value::Null)
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_memory(
        rows in prop::collection::vec(rows(), 0..24),
        changes in changes(),
        filters in prop::collection::vec(filters(), 2..10),
        pages in prop::collection::vec(wanted(), 1..6),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(agrees(Arc::new(MemoryDatabase::new()), rows, changes, filters, &pages))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_sled(
        rows in prop::collection::vec(rows(), 0..24),
        changes in changes(),
        filters in prop::collection::vec(filters(), 8..40),
        pages in prop::collection::vec(wanted(), 4..12),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        let (database, _directory) = temporary();
        runtime.block_on(agrees(database, rows, changes, filters, &pages))?;
    }
}
