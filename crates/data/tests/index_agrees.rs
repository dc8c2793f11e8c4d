//! Whatever index a filter is answered through, and whenever that was built, the answer is that of looking at every
//! row; and no unique combination that holds has two rows.

use std::cmp::Ordering;
use std::sync::Arc;

use mti_data::q::{Literal, Operator};
use mti_data::{DataError, Filter, MemoryDatabase, ModelSchema, Operation, Order, Query, Row};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::contract::Shared;
use crate::fixtures::{row, schema};
use crate::sled_store::temporary;

/// The unique combinations that a model may have.
const UNIQUE: [&[&str]; 2] = [&["t", "i"], &["t", "u", "b"]];

/// The indexes that it may have.
const INDEXES: [&[&str]; 5] = [&["t", "u"], &["i"], &["n", "t"], &["b", "n"], &["u"]];

/// A version of the model, and what is done while it is the newest one.
#[derive(Clone, Debug)]
struct Version {
    unique: Vec<&'static [&'static str]>,
    indexes: Vec<&'static [&'static str]>,
    rows: Vec<Row>,
    /// Whether the rows come from callers who have the version before.
    callers_are_older: bool,
}

fn versions(rows: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Version>> {
    let unique = prop::sample::subsequence(UNIQUE.to_vec(), 0..=UNIQUE.len());
    let indexes = prop::sample::subsequence(INDEXES.to_vec(), 0..=INDEXES.len());
    let version = (unique, indexes, prop::collection::vec(self::rows(), rows), any::<bool>());
    let version = version.prop_map(|(unique, indexes, rows, callers_are_older)| Version {
        unique,
        indexes,
        rows,
        callers_are_older,
    });
    prop::collection::vec(version, 1..4)
}

fn schema_of(version: &Version, generation: u64) -> Arc<ModelSchema> {
    let parsed = schema(&json!({
        "fields": [
            {"name": "id", "dataType": "AutoInt", "primaryKey": true},
            {"name": "t", "dataType": "Stext"},
            {"name": "u", "dataType": "Stext"},
            {"name": "i", "dataType": "Integer"},
            {"name": "n", "dataType": "Numeric"},
            {"name": "b", "dataType": "Boolean"}
        ],
        "uniqueList": version.unique,
        "indexList": version.indexes
    }));
    Arc::new(ModelSchema::clone(&parsed).of_generation(generation))
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

/// Fills a table while its model changes, and gives the newest version of that.
async fn filled(database: &Shared, versions: Vec<Version>) -> Arc<ModelSchema> {
    let mut newest: Option<Arc<ModelSchema>> = None;
    for (version, generation) in versions.iter().zip(1..) {
        let schema = schema_of(version, generation);
        let before = newest.clone().unwrap_or_else(|| Arc::clone(&schema));
        match database.prepare(schema.clone(), Vec::new()).await {
            Ok(_) => newest = Some(schema.clone()),
            // Rows that are there collide: the version before goes on.
            Err(error) => assert!(matches!(error, DataError::UniqueViolation { .. }), "{error}"),
        }
        database.prepare(before.clone(), Vec::new()).await.expect("an older version fits, and changes nothing");
        let writes = if version.callers_are_older { before } else { newest.clone().expect("the first one is made") };
        for row in &version.rows {
            // Some collide: those are left out.
            let _inserted = database.execute(vec![Operation::insert(&writes, row.clone())]).await;
        }
    }
    newest.expect("the first one is made")
}

/// Fills a database, changes some rows and deletes some, and compares every filter's answer with that of all rows.
async fn agrees(
    database: Shared,
    versions: Vec<Version>,
    changes: Row,
    filters: Vec<Filter>,
    pages: &[Wanted],
) -> Result<(), TestCaseError> {
    let schema = filled(&database, versions).await;
    let bind = |filter: &Filter| filter.bind(&schema).unwrap_or_else(|error| panic!("{filter}: {error}"));
    if let [first, second, ..] = filters.as_slice() {
        let _changed = database.execute(vec![Operation::update(&schema, bind(first), changes)]).await;
        let both = first.clone() & second.clone();
        let _deleted = database.execute(vec![Operation::delete(&schema, bind(&both))]).await;
    }
    let all = database.find(schema.clone(), Query::new(bind(&Filter::All))).await.expect("finds").rows;
    for combination in schema.constraints().iter().filter(|constraint| constraint.unique) {
        let values = all.iter().map(|row| combination.fields.iter().map(|name| &row[name]).collect::<Vec<_>>());
        let values: Vec<_> = values.filter(|values| values.iter().all(|value| !value.is_null())).collect();
        let twice = values.iter().enumerate().find(|(index, value)| values[..*index].contains(value));
        prop_assert!(twice.is_none(), "{:?} in {:?}", twice, combination);
    }
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
        versions in versions(0..16),
        changes in changes(),
        filters in prop::collection::vec(filters(), 2..10),
        pages in prop::collection::vec(wanted(), 1..6),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(agrees(Arc::new(MemoryDatabase::new()), versions, changes, filters, &pages))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_sled(
        versions in versions(0..16),
        changes in changes(),
        filters in prop::collection::vec(filters(), 8..40),
        pages in prop::collection::vec(wanted(), 4..12),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        let (database, _directory) = temporary();
        runtime.block_on(agrees(database, versions, changes, filters, &pages))?;
    }
}
