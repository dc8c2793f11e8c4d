//! What is a Q expression, what it means, and what its mistakes are.

use mti_data::Filter;
use mti_data::q::{Literal, Operator, QError};
use proptest::prelude::*;

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn mistake(text: &str) -> QError {
    match Filter::parse(text) {
        Ok(filter) => panic!("{text} is {filter}"),
        Err(error) => error,
    }
}

/// Both texts mean the same.
fn same(left: &str, right: &str) {
    assert_eq!(parse(left), parse(right), "{left}  and  {right}");
}

fn literal(text: &str) -> Literal {
    match parse(&format!("Q(f={text})")) {
        Filter::Compare(comparison) => comparison.value,
        other => panic!("{other}"),
    }
}

#[test]
fn a_keyword_is_equality() {
    assert_eq!(parse("Q(userId='user123')"), Filter::equal("userId", "user123"));
}

#[test]
fn nothing_is_no_condition() {
    for text in ["", "  \n", "Q()", "(Q())", "Q(Q())"] {
        assert_eq!(parse(text), Filter::All, "{text:?}");
    }
}

#[test]
fn every_operator_is_a_suffix_and_a_word() {
    for operator in Operator::ALL {
        let positional = parse(&format!("Q('age', '{operator}', [1])"));
        assert_eq!(positional, Filter::compare("age", operator, vec![1]));
        if let Some(word) = operator.word() {
            same(&format!("Q(age__{word}=[1])"), &format!("Q('age', '{word}', [1])"));
        }
    }
}

#[test]
fn a_suffix_that_is_no_operator_belongs_to_the_field() {
    assert_eq!(parse("Q(customer__custName='a')"), Filter::equal("customer__custName", "a"));
    let related = Filter::compare("customer__custName", Operator::Like, "a");
    assert_eq!(parse("Q(customer__custName__like='a')"), related);
    assert_eq!(parse("Q(__in=1)"), Filter::equal("__in", 1), "an operator needs a field before it");
    assert_eq!(parse("Q('age__in', '=', 1)"), Filter::equal("age__in", 1), "positional names are taken as they are");
}

#[test]
fn not_binds_tighter_than_and_and_and_tighter_than_or() {
    same("~Q(a=1) & Q(b=2) | Q(c=3)", "((~Q(a=1)) & Q(b=2)) | Q(c=3)");
    same("Q(a=1) | Q(b=2) & Q(c=3)", "Q(a=1) | (Q(b=2) & Q(c=3))");
    same("~~Q(a=1)", "~(~Q(a=1))");
}

#[test]
fn several_keywords_are_all_meant() {
    same("Q(a=1, b__gt=2, c='x')", "Q(a=1) & Q(b__gt=2) & Q(c='x')");
    same("Q(a=1, )", "Q(a=1)");
}

#[test]
fn connectives_bind_as_the_signs_do() {
    same("Q(Q(a=1), Q.AND, Q(b=2))", "Q(a=1) & Q(b=2)");
    same("Q(Q('a', '=', 1), Q.OR, Q('b', '=', 2))", "Q(a=1) | Q(b=2)");
    same("Q(Q(a=1), Q.OR, Q(b=2), Q.AND, Q(c=3))", "Q(a=1) | Q(b=2) & Q(c=3)");
    same("Q(Q(a=1), Q.AND, Q(b=2), Q.OR, Q(c=3))", "Q(a=1) & Q(b=2) | Q(c=3)");
}

#[test]
fn the_dialects_mix() {
    same("Q(Q('age', '>', 18))", "Q(age__gt=18)");
    same("Q('f1', '>', 1) & ~Q(f2='test')", "Q(f1__gt=1) & ~Q(f2='test')");
    same("Q(Q(age__gt=18) & (Q(a='x') | Q(a='y')))", "Q(age__gt=18) & (Q(a='x') | Q(a='y'))");
    same("Q(Q(Q(a=1), Q.OR, Q(b=2)), Q.AND, ~Q('c', 'isnull', 1))", "(Q(a=1) | Q(b=2)) & ~Q(c__isnull=1)");
    same("Q(Q=1)", "Q('Q', '=', 1)");
}

#[test]
fn values_are_pythons() {
    assert_eq!(literal("True"), literal("true"));
    assert_eq!(literal("null"), Literal::Null);
    assert_eq!(literal("-7"), Literal::Integer(-7));
    assert_eq!(literal("+9223372036854775807"), Literal::Integer(i64::MAX));
    assert_eq!(literal("-9223372036854775808"), Literal::Integer(i64::MIN));
    assert_eq!(literal("1.50"), Literal::Number(1.5));
    assert_eq!(literal(".5"), Literal::Number(0.5));
    assert_eq!(literal("-2e-3"), Literal::Number(-0.002));
    assert_eq!(literal("[1, 'a', [None]]"), literal("(1, 'a', (None,),)"));
    assert_eq!(literal("()"), Literal::List(Vec::new()));
    assert_eq!(literal("(1)"), Literal::Integer(1), "parentheses alone make no tuple");
    assert_eq!(literal("(1,)"), Literal::List(vec![Literal::Integer(1)]));
}

#[test]
fn strings_take_pythons_escapes() {
    assert_eq!(literal(r"'it\'s'"), literal(r#""it's""#));
    assert_eq!(literal(r"'\n\t\\\x41\u4e2d\U0001F600\101'"), Literal::from("\n\t\\A中😀A"));
    assert_eq!(literal(r"'\ud83d\ude00'"), Literal::from("😀"), "two halves of a pair are one character");
    assert_eq!(literal(r"'\%\_\d'"), Literal::from(r"\%\_\d"), "unknown escapes keep their backslash");
    assert_eq!(literal("'微信'"), Literal::from("微信"));
}

#[test]
fn mistakes_name_their_column() {
    for (text, column) in [
        ("Q(a=1", 6),
        ("Q(a=)", 5),
        ("Q(a=1) Q(b=2)", 8),
        ("Q(a=1) &", 9),
        ("Q(微信='x' y)", 10),
        ("Q(a='x", 5),
        ("Q('a', '>', 1", 14),
        ("Q('a', 1, 2)", 8),
        ("Q('a' '>' 1)", 7),
        ("Q('a', '=>', 1)", 8),
        ("Q(a=1, Q(b=2))", 8),
        ("Q(Q(a=1), Q.XOR, Q(b=2))", 11),
        ("Q(Q(a=1), Q(b=2))", 11),
        ("Q(a=99999999999999999999)", 5),
        ("Q(a=1e999)", 5),
        ("Q(a=1x)", 5),
        ("Q(a=x)", 5),
        ("Q(a=nan)", 5),
        (r"Q(a='\uD800')", 6),
        (r"Q(a='\u12')", 6),
        (r"Q(a='\N{DASH}')", 6),
        ("Q(a={})", 5),
        ("a=1", 1),
        ("Q(a=1) and Q(b=2)", 8),
        ("Q(a==1)", 4),
        ("Q(a != 1)", 5),
        ("Q(a=1, b>2)", 9),
        (")", 1),
        ("Q", 2),
    ] {
        assert_eq!(mistake(text).column, column, "{text}: {}", mistake(text));
    }
}

#[test]
fn mistakes_say_what_was_expected_and_what_may_be_meant() {
    assert_eq!(mistake("Q(a=1").to_string(), "column 6: expected `,` or `)`, found the end");
    assert_eq!(mistake("Q('a', 'lik', 'x')").help.as_deref(), Some("did you mean `like`?"));
    assert_eq!(mistake("Q(Q(a=1), Q.ANDD, Q(b=1))").help.as_deref(), Some("did you mean `AND`?"));
    assert_eq!(mistake("Q(a=user)").help.as_deref(), Some("write texts in quotes: `'user'`"));
    assert_eq!(mistake("Q(a==1)").help.as_deref(), Some("write `a=`"));
    assert_eq!(mistake("Q(age >= 18)").to_string(), "column 7: expected `=`, found `>=`; write `age__gte=`");
    assert_eq!(mistake("not Q(a=1)").help.as_deref(), Some("write `~`"));
}

#[test]
fn nesting_ends_at_64_levels() {
    let groups = |count: usize| format!("{}Q(a=1){}", "(".repeat(count), ")".repeat(count));
    assert_eq!(parse(&groups(63)), Filter::equal("a", 1));
    assert_eq!(mistake(&groups(64)).column, 65);
    assert_eq!(mistake(&groups(10_000)).column, 65);
    assert_eq!(mistake(&"~".repeat(1000)).column, 65);
    assert_eq!(mistake(&"Q(".repeat(1000)).column, 129);
    assert_eq!(mistake(&format!("Q(a={}", "[".repeat(1000))).column, 68);
    assert_eq!(mistake(&format!("Q(a={}", "(".repeat(1000))).column, 68);
}

#[test]
fn length_ends_at_64_kibibytes() {
    let text = |length: usize| format!("Q(a='{}')", "x".repeat(length - 7));
    assert!(matches!(parse(&text(65_536)), Filter::Compare(_)));
    assert_eq!(mistake(&text(65_537)).column, 1);
}

#[test]
fn names_that_keywords_would_misread_print_positionally() {
    for filter in [Filter::equal("a__in", 1), Filter::equal("a b", 1), Filter::compare("1", Operator::Like, "x")] {
        assert_eq!(parse(&filter.to_string()), filter, "{filter}");
    }
    assert_eq!(Filter::compare("a__in", Operator::Less, 1).to_string(), "Q(a__in__lt=1)");
}

fn literals() -> impl Strategy<Value = Literal> {
    let leaf = prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(Literal::Integer),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Literal::Number),
        any::<String>().prop_map(Literal::Text),
        r"['\\%nu0-9]{0,6}".prop_map(Literal::Text),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| prop::collection::vec(inner, 0..4).prop_map(Literal::List))
}

fn filters() -> impl Strategy<Value = Filter> {
    let field = prop_oneof!["[a-z_][a-zA-Z0-9_]{0,8}", "[a-z]{1,3}__(in|like|gt|x)", any::<String>()];
    let comparison = (field, prop::sample::select(Operator::ALL.to_vec()), literals())
        .prop_map(|(field, operator, value)| Filter::compare(field, operator, value));
    let leaf = prop_oneof![9 => comparison, 1 => Just(Filter::All)];
    leaf.prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::Or),
            inner.prop_map(|filter| !filter),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_parses_back(filter in filters()) {
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text), Ok(filter), "{}", text);
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
        }
    }

    #[test]
    fn any_text_of_the_right_signs_is_answered(text in r#"(Q\(|\)|'a'|"|,| |=|a__gt|&|\||~|\(|\[|\]|1|-|\.|Q\.AND|None|\\){0,24}"#) {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column));
        }
    }
}
