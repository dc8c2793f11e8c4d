//! What a filter means for the rows of a model, and what does not fit one.

use mti_data::q::QError;
use mti_data::{Filter, ModelSchema};
use serde_json::json;

use crate::fixtures::{filter, person, row};

fn matches(text: &str, value: serde_json::Value) -> bool {
    filter(&person(), text).matches(&row(value))
}

fn mistake(schema: &ModelSchema, text: &str) -> QError {
    Filter::parse(text).expect("well written").bind(schema).expect_err("does not fit")
}

#[test]
fn comparisons_with_null_are_false() {
    let nothing = json!({});
    for text in
        ["Q(age=1)", "Q(age__gt=1)", "Q(age__lte=1)", "Q(age__range=(1, 2))", "Q(age__in=[1])", "Q(name__like='')"]
    {
        assert!(!matches(text, nothing.clone()), "{text}");
        assert!(matches(&format!("~{text}"), nothing.clone()), "~{text}");
    }
}

#[test]
fn a_list_of_nothing_is_no_way_around_the_type_of_a_field() {
    for list in ["[]", "[None]"] {
        for operator in ["in", "nin"] {
            let found = mistake(&person(), &format!("Q(extra__{operator}={list})"));
            assert!(found.to_string().contains("only `isnull` applies"), "{found}");
        }
    }
    for text in ["Q(extra__likeany=[])", "Q(age__nlikeany=[])"] {
        assert!(mistake(&person(), text).to_string().contains("is for texts"), "{text}");
    }
}

#[test]
fn negated_operators_are_true_for_null() {
    for text in ["Q(age__ne=1)", "Q(age__nin=[1])", "Q(name__nlike='a')", "Q(name__nlikeany=['a'])"] {
        assert!(matches(text, json!({})), "{text}");
    }
}

#[test]
fn null_is_asked_for() {
    for text in ["Q(age=None)", "Q(age__isnull=True)", "Q('age', 'isnull', 1)", "Q(age__in=[1, None])"] {
        assert!(matches(text, json!({"age": null})), "{text}");
        assert!(matches(text, json!({})), "{text}");
    }
    for text in ["Q(age__ne=None)", "Q(age__isnull=False)", "Q('age', 'isnull', 0)", "Q(age__nin=[1, None])"] {
        assert!(!matches(text, json!({"age": null})), "{text}");
        assert!(matches(text, json!({"age": 3})), "{text}");
    }
    assert!(matches("Q(extra=None)", json!({})) && !matches("Q(extra=None)", json!({"extra": []})));
}

#[test]
fn like_takes_percent_signs_as_wildcards() {
    for (pattern, text, expected) in [
        ("John", "a John b", true),
        ("John", "a john b", false),
        ("%John%", "John", true),
        ("John%", "Johnny", true),
        ("John%", "a John", false),
        ("%John", "a John", true),
        ("a%c%e", "abcde", true),
        ("a%c%e", "ace", true),
        ("a%c%e", "aec", false),
        ("ab%ba", "aba", false),
        ("a_c", "abc", false),
        ("%", "", true),
        ("", "anything", true),
        (r"100\%", "it is 100% sure", true),
        (r"100\%", "it is 1000", false),
        (r"%\%", "100%", true),
        (r"%\%", "100", false),
        (r"a\\b", r"a\b", true),
        ("微%", "微信", true),
    ] {
        let text_filter = format!("Q('name', 'like', {})", mti_data::q::Literal::from(pattern));
        assert_eq!(matches(&text_filter, json!({"name": text})), expected, "{pattern} {text}");
    }
}

#[test]
fn the_other_operators() {
    let ann = json!({"name": "Ann", "age": 30, "height": 1.5, "active": true, "born": "1996-05-01"});
    for (text, expected) in [
        ("Q(name__likeany=['x', 'nn'])", true),
        ("Q(name__likeany=[])", false),
        ("Q(name__startswith='An')", true),
        ("Q(name__startswith='%')", false),
        ("Q(name__endswith='nn')", true),
        ("Q(age__range=(30, 31))", true),
        ("Q(age__range=[31, 30])", false),
        ("Q(age__gt=30)", false),
        ("Q(age__gte=30.0)", true),
        ("Q(height__lt=2)", true),
        ("Q(height=1.5)", true),
        ("Q(active=True)", true),
        ("Q(active=0)", false),
        ("Q(born__lt='1996-05-02')", true),
        ("Q(born__startswith='1996-')", true),
        ("Q(name__in=[])", false),
        ("Q(name__gt='Am')", true),
    ] {
        assert_eq!(matches(text, ann.clone()), expected, "{text}");
    }
}

#[test]
fn what_does_not_fit_the_model_names_field_and_column() {
    let schema = person();
    for (text, column, named) in [
        ("Q(nam='x')", 3, "`nam`"),
        ("Q(name='x') & Q(age='18')", 17, "`age`"),
        ("Q(name=1)", 3, "`name`"),
        ("Q('age', '>', 1.5)", 3, "`age`"),
        ("Q(age__like='1')", 3, "`age`"),
        ("Q(active__gt=True)", 3, "`active`"),
        ("Q(active='yes')", 3, "`active`"),
        ("Q(extra='x')", 3, "`extra`"),
        ("Q(age__in=1)", 3, "`age`"),
        ("Q(age__range=[1])", 3, "`age`"),
        ("Q(age__gt=None)", 3, "`age`"),
        ("Q(age__isnull='x')", 3, "`age`"),
        ("Q(born='yesterday')", 3, "`born`"),
        ("Q(born='2025-02-29')", 3, "`born`"),
        (r"Q(name='a\0')", 3, "`name`"),
    ] {
        let error = mistake(&schema, text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.contains(named), "{text}: {error}");
    }
}

#[test]
fn near_misses_are_suggested() {
    let schema = person();
    assert_eq!(mistake(&schema, "Q(userid='x')").help.as_deref(), Some("did you mean `userId`?"));
    let operator = mistake(&schema, "Q(age__gtt=1)");
    assert_eq!(operator.help.as_deref(), Some("`gtt` is no operator; did you mean `gt`?"));
}

#[test]
fn filters_that_are_built_say_the_same() {
    let schema = person();
    let built = Filter::equal("name", "Ann") & !Filter::equal("age", None::<i64>);
    assert_eq!(built.bind(&schema), Filter::parse("Q(name='Ann') & ~Q(age=None)").unwrap().bind(&schema));
    let deep = (0..200).fold(Filter::equal("age", 1), |filter, _| !filter);
    assert!(deep.bind(&schema).is_err());
}
