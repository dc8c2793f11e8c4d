//! Whatever is done to random rows by random filters, while the model changes, every database answers the same.

use std::sync::Arc;

use mti_data::q::{Literal, Operator};
use mti_data::{Aggregate, DataError, Filter, MemoryDatabase, ModelSchema, Operation, Order, Query, Row};
use mti_testkit::database::TestDatabase;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::contract::Shared;
use crate::fixtures::{row, schema};

/// A version of the model: what it has besides the fields that all versions have.
#[derive(Clone, Debug)]
struct Version {
    fields: Vec<(&'static str, &'static str)>,
    constraints: Vec<(bool, &'static [&'static str])>,
    /// Whether rows are written with the version before.
    writers_are_older: bool,
}

/// The fields that some versions lack.
const SOMETIMES: [(&str, &str); 3] = [("s1", "Stext"), ("s2", "Integer"), ("s3", "Json")];

/// The combinations that versions make unique, or index.
const CONSTRAINTS: [(bool, &[&str]); 6] = [
    (true, &["t", "i"]),
    (true, &["u", "b"]),
    (false, &["u"]),
    (false, &["n"]),
    (false, &["d", "dt"]),
    (false, &["i"]),
];

fn versions() -> impl Strategy<Value = Vec<Version>> {
    let fields = prop::sample::subsequence(SOMETIMES.to_vec(), 0..=SOMETIMES.len());
    let constraints = prop::sample::subsequence(CONSTRAINTS.to_vec(), 0..=CONSTRAINTS.len());
    let version = (fields, constraints, any::<bool>()).prop_map(|(fields, constraints, writers_are_older)| Version {
        fields,
        constraints,
        writers_are_older,
    });
    prop::collection::vec(version, 1..4)
}

fn schema_of(version: &Version, generation: u64) -> Arc<ModelSchema> {
    let mut fields = vec![
        json!({"name": "id", "dataType": "AutoInt", "primaryKey": true}),
        json!({"name": "t", "dataType": "Stext"}),
        json!({"name": "u", "dataType": "Ltext"}),
        json!({"name": "i", "dataType": "Integer"}),
        json!({"name": "c", "dataType": "Checkbox"}),
        json!({"name": "n", "dataType": "Numeric"}),
        json!({"name": "m", "dataType": "Money", "decimal": 2}),
        json!({"name": "b", "dataType": "Boolean"}),
        json!({"name": "d", "dataType": "Date"}),
        json!({"name": "dt", "dataType": "Datetime"}),
        json!({"name": "ti", "dataType": "Time"}),
        json!({"name": "p", "dataType": "Phone"}),
        json!({"name": "j", "dataType": "Json"}),
    ];
    fields.extend(version.fields.iter().map(|(name, data_type)| json!({"name": name, "dataType": data_type})));
    let combinations = |wanted| {
        version
            .constraints
            .iter()
            .filter(move |(unique, _)| *unique == wanted)
            .map(|(_, fields)| *fields)
            .collect::<Vec<_>>()
    };
    let parsed = schema(&json!({"fields": fields, "uniqueList": combinations(true), "indexList": combinations(false)}));
    Arc::new(ModelSchema::clone(&parsed).of_generation(generation))
}

/// A row with some of the fields that only some versions have.
fn row_of(schema: &ModelSchema, number: usize, row: &Row) -> Row {
    let mut row = row.clone();
    row.insert("id".to_owned(), json!(number + 1));
    for (name, value) in [("s1", json!(format!("s{}", number % 3))), ("s2", json!(number % 2)), ("s3", json!([number]))]
    {
        if schema.field(name).is_some() {
            row.insert(name.to_owned(), value);
        }
    }
    row
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[abA]{1,3}", "[aé微_%\\\\'\"\u{1}\u{d7ff}\u{10ffff}]{1,3}"]
}

fn days() -> impl Strategy<Value = String> {
    prop::sample::select(&["0001-01-01", "1999-12-31", "2024-02-29", "2026-11-22", "9999-12-31"][..])
        .prop_map(str::to_owned)
}

fn times() -> impl Strategy<Value = String> {
    prop::sample::select(&["00:00:00", "08:30:00", "23:59:59"][..]).prop_map(str::to_owned)
}

fn moments() -> impl Strategy<Value = String> {
    (days(), times()).prop_map(|(day, time)| format!("{day} {time}"))
}

fn integers() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3..4_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)]
}

/// Numbers whose sums are exact in whatever order.
fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![(-3..4_i32).prop_map(f64::from), Just(-0.5), Just(0.25), Just(1e15)]
}

fn documents() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"z": 1, "a": [1.0, null, "微\"\\"]})),
        Just(json!([1e300, -0.0, 1_000_000_000_000_000_000_000.0])),
        Just(json!("text")),
        Just(json!(false))
    ]
}

fn rows() -> impl Strategy<Value = Row> {
    use prop::option::of;
    let words = (of(texts()), of(texts()), of(integers()), of(0..2_i64), of(numbers()), of(numbers()));
    let others = (any::<Option<bool>>(), of(days()), of(moments()), of(times()), of("[0-9 +]{1,3}"), of(documents()));
    (words, others).prop_map(|((t, u, i, c, n, m), (b, d, dt, ti, p, j))| {
        row(json!({"t": t, "u": u, "i": i, "c": c, "n": n, "m": m, "b": b, "d": d, "dt": dt, "ti": ti, "p": p, "j": j}))
    })
}

const ORDERED: &[Operator] = &[
    Operator::Equal,
    Operator::NotEqual,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
];

/// Conditions on one field: everything that its values can be compared by.
fn conditions_on(field: &'static str, values: BoxedStrategy<Literal>) -> BoxedStrategy<Filter> {
    let list = prop::collection::vec(prop_oneof![9 => values.clone(), 1 => Just(Literal::Null)], 0..4);
    let listed = prop::sample::select(&[Operator::In, Operator::NotIn][..]);
    prop_oneof![
        4 => (prop::sample::select(ORDERED), values.clone()).prop_map(move |(how, value)| Filter::compare(field, how, value)),
        1 => (values.clone(), values).prop_map(move |(low, high)| {
            Filter::compare(field, Operator::Range, Literal::List(vec![low, high]))
        }),
        2 => (listed, list).prop_map(move |(how, items)| Filter::compare(field, how, Literal::List(items))),
    ]
    .boxed()
}

/// Conditions on the text of a field.
fn patterns_on(fields: &'static [&'static str]) -> BoxedStrategy<Filter> {
    use Operator::{EndsWith, Like, LikeAny, NotLike, NotLikeAny, StartsWith};
    let pattern = || {
        prop_oneof![
            texts(),
            (texts(), texts()).prop_map(|(a, b)| format!("{a}%{b}")),
            Just("20%-__".to_owned()),
            Just("%0".to_owned())
        ]
    };
    let field = || prop::sample::select(fields);
    prop_oneof![
        3 => (field(), prop::sample::select(&[Like, NotLike, StartsWith, EndsWith][..]), pattern())
            .prop_map(|(field, how, pattern)| Filter::compare(field, how, pattern)),
        1 => (field(), prop::sample::select(&[LikeAny, NotLikeAny][..]), prop::collection::vec(pattern(), 0..3))
            .prop_map(|(field, how, patterns)| Filter::compare(field, how, patterns)),
    ]
    .boxed()
}

fn conditions() -> impl Strategy<Value = Filter> {
    let text = || texts().prop_map(Literal::from).boxed();
    let number = || numbers().prop_map(Literal::from).boxed();
    let any_field = &["t", "u", "i", "c", "n", "m", "b", "d", "dt", "ti", "p", "j"][..];
    prop_oneof![
        2 => conditions_on("t", text()),
        1 => conditions_on("u", text()),
        2 => conditions_on("i", integers().prop_map(Literal::from).boxed()),
        1 => conditions_on("c", (0..2_i64).prop_map(Literal::from).boxed()),
        2 => conditions_on("n", number()),
        1 => conditions_on("m", number()),
        1 => conditions_on("id", (0..12_i64).prop_map(Literal::from).boxed()),
        1 => conditions_on("d", days().prop_map(Literal::from).boxed()),
        1 => conditions_on("dt", moments().prop_map(Literal::from).boxed()),
        1 => conditions_on("ti", times().prop_map(Literal::from).boxed()),
        3 => patterns_on(&["t", "u", "p", "d", "dt", "ti"]),
        1 => (any::<bool>(), prop::sample::select(&[Operator::Equal, Operator::NotEqual][..]))
            .prop_map(|(value, how)| Filter::compare("b", how, value)),
        1 => (prop::sample::select(any_field), any::<bool>())
            .prop_map(|(field, null)| Filter::compare(field, Operator::IsNull, null)),
    ]
}

fn filters() -> impl Strategy<Value = Filter> {
    conditions().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            1 => Just(Filter::Or(Vec::new())),
            3 => inner.prop_map(|filter| !filter),
        ]
    })
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    let field = prop::sample::select(&["t", "u", "i", "c", "n", "b", "d", "dt", "ti", "id"][..]);
    let order = (field, any::<bool>()).prop_map(|(field, descending)| Order { field: field.to_owned(), descending });
    prop::collection::vec(order, 0..3)
}

/// What is asked about a filter: an order, an offset and a limit.
type Question = (Filter, Vec<Order>, usize, Option<usize>);

fn questions() -> impl Strategy<Value = Question> {
    (filters(), orders(), prop_oneof![3 => Just(0), 1 => 0..8_usize], prop::option::of(0..8_usize))
}

/// Everything that a database answers: as text, to compare.
async fn answers(
    database: &Shared,
    versions: &[Version],
    rows: &[Row],
    changes: &[(Filter, Row)],
    questions: &[Question],
) -> Vec<(String, String)> {
    let mut answers = Vec::new();
    let mut newest: Option<Arc<ModelSchema>> = None;
    let each = rows.len().div_ceil(versions.len());
    for (turn, version) in versions.iter().enumerate() {
        let schema = schema_of(version, turn as u64 + 1);
        let foretold = database.changes(schema.clone()).await.map(|changes| {
            let mut changes: Vec<_> = changes.iter().map(ToString::to_string).collect();
            changes.sort();
            changes
        });
        let prepared = database.prepare(schema.clone(), Vec::new()).await;
        // Of several combinations that do not hold, databases name different ones.
        let prepared = prepared.map_err(|error| matches!(error, DataError::UniqueViolation { .. }));
        answers.push((format!("prepare {version:?}"), format!("{foretold:?} {prepared:?}")));
        let before = newest.clone();
        if prepared.is_ok() {
            newest = Some(schema);
        }
        let writers =
            before.filter(|_| version.writers_are_older).or_else(|| newest.clone()).expect("the first is made");
        let again = database.prepare(writers.clone(), Vec::new()).await;
        answers.push(("prepare the version of the writers".to_owned(), format!("{again:?}")));
        for (number, row) in rows.iter().enumerate().skip(turn * each).take(each) {
            let row = row_of(&writers, number, row);
            // Some collide: those are left out, and have to be in every database.
            let inserted = database.execute(vec![Operation::insert(&writers, row.clone())]).await;
            answers.push((format!("insert {row:?}"), format!("{inserted:?}")));
        }
    }
    let schema = newest.expect("the first is made");
    let bind = |filter: &Filter| filter.bind(&schema).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let ask = async |answers: &mut Vec<(String, String)>| {
        for (filter, order, offset, limit) in questions {
            let query =
                Query { order: order.clone(), offset: *offset, limit: *limit, count: true, ..Query::new(bind(filter)) };
            let page = database.find(schema.clone(), query).await;
            answers.push((format!("{filter} {order:?} {offset} {limit:?}"), format!("{page:?}")));
        }
    };
    ask(&mut answers).await;
    for (filter, _, _, _) in questions {
        for (field, aggregates) in [
            ("i", &[Aggregate::Sum, Aggregate::Average, Aggregate::Max, Aggregate::Min][..]),
            ("n", &[Aggregate::Sum, Aggregate::Average, Aggregate::Max]),
            ("t", &[Aggregate::Max, Aggregate::Min, Aggregate::Count]),
            ("dt", &[Aggregate::Max, Aggregate::Min]),
            ("j", &[Aggregate::Count]),
        ] {
            // One of them each time is enough: there are many filters.
            let aggregate = aggregates[answers.len() % aggregates.len()];
            let value = database.aggregate(schema.clone(), bind(filter), field.to_owned(), aggregate).await;
            answers.push((format!("{aggregate:?} of {field} in {filter}"), format!("{value:?}")));
        }
    }
    for (filter, changes) in changes {
        let updated = database.execute(vec![Operation::update(&schema, bind(filter), changes.clone())]).await;
        answers.push((format!("update {filter} to {changes:?}"), format!("{updated:?}")));
        let limited = mti_data::Action::Update { filter: bind(filter), changes: changes.clone(), at_most: Some(2) };
        let limited = database.execute(vec![Operation { schema: schema.clone(), action: limited }]).await;
        answers.push((format!("update two of {filter} to {changes:?}"), format!("{limited:?}")));
    }
    if let Some((filter, _, _, _)) = questions.first() {
        let deleted = database.execute(vec![Operation::delete(&schema, bind(filter))]).await;
        answers.push((format!("delete {filter}"), format!("{deleted:?}")));
    }
    ask(&mut answers).await;
    answers
}

fn changes() -> impl Strategy<Value = (Filter, Row)> {
    let given = (
        prop::option::of(texts()),
        prop::option::of(numbers()),
        prop::option::of(moments()),
        prop::option::of(documents()),
    );
    let changes = given.prop_map(|(u, n, dt, j)| {
        let given = [("u", json!(u)), ("n", json!(n)), ("dt", json!(dt)), ("j", json!(j))];
        let given = given.into_iter().filter(|(_, value)| *value != Value::Null);
        given.map(|(name, value)| (name.to_owned(), value)).collect()
    });
    (filters(), changes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_everything(
        versions in versions(),
        rows in prop::collection::vec(rows(), 4..32),
        changes in prop::collection::vec(changes(), 0..4),
        questions in prop::collection::vec(questions(), 10..40),
    ) {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let memory: Shared = Arc::new(MemoryDatabase::new());
            let expected = answers(&memory, &versions, &rows, &changes, &questions).await;
            let (sled, _directory) = crate::sled_store::temporary();
            let server = TestDatabase::new();
            for database in [sled, server.node()] {
                let given = answers(&database, &versions, &rows, &changes, &questions).await;
                for (given, expected) in given.iter().zip(&expected) {
                    prop_assert_eq!(given, expected, "{:?}", database);
                }
                database.close().await.expect("closes");
            }
            Ok(())
        })?;
    }
}
