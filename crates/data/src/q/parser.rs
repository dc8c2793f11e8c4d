use super::filter::split_keyword;
use super::scanner::{Scanner, shortened};
use super::{Comparison, Filter, MAX_LENGTH, Operator, Position, QError};
use crate::nearest::did_you_mean;

const CONDITION: &str = "`Q(`, `~` or `(`";

/// Reads a whole Q expression.
///
/// ```text
/// any       := all { "|" all }
/// all       := unary { "&" unary }
/// unary     := "~" unary | "(" any ")" | "Q" "(" [ arguments ] ")"
/// arguments := name "=" value { "," name "=" value }
///            | string "," string "," value
///            | any { "," ("Q.AND" | "Q.OR") "," any }
/// ```
pub(super) fn parse(text: &str) -> Result<Filter, QError> {
    if text.len() > MAX_LENGTH {
        return Err(QError::new(1, format!("longer than {MAX_LENGTH} bytes")));
    }
    let mut scanner = Scanner::new(text);
    if scanner.peek().is_none() {
        return Ok(Filter::All);
    }
    let filter = any(&mut scanner)?;
    match scanner.peek() {
        None => Ok(filter),
        Some(_) => Err(scanner.unexpected("`&`, `|` or the end")),
    }
}

fn any(scanner: &mut Scanner<'_>) -> Result<Filter, QError> {
    let first = all(scanner)?;
    if scanner.peek() != Some('|') {
        return Ok(first);
    }
    let mut parts = vec![first];
    while scanner.take('|') {
        parts.push(all(scanner)?);
    }
    Ok(joined(parts, Filter::Or))
}

fn all(scanner: &mut Scanner<'_>) -> Result<Filter, QError> {
    let first = unary(scanner)?;
    if scanner.peek() != Some('&') {
        return Ok(first);
    }
    let mut parts = vec![first];
    while scanner.take('&') {
        parts.push(unary(scanner)?);
    }
    Ok(joined(parts, Filter::And))
}

fn unary(scanner: &mut Scanner<'_>) -> Result<Filter, QError> {
    scanner.peek();
    let column = scanner.column();
    if scanner.take('~') {
        return scanner.nested(column, |scanner| Ok(!unary(scanner)?));
    }
    if scanner.take('(') {
        return scanner.nested(column, |scanner| {
            let filter = any(scanner)?;
            scanner.expect(')', "`&`, `|` or `)`")?;
            Ok(filter)
        });
    }
    match scanner.identifier() {
        Some("Q") => {
            scanner.expect('(', "`(` after `Q`")?;
            scanner.nested(column, arguments)
        }
        Some(name) => {
            let help = match name {
                "and" | "AND" => Some("write `&`".to_owned()),
                "or" | "OR" => Some("write `|`".to_owned()),
                "not" | "NOT" => Some("write `~`".to_owned()),
                "q" => Some("write `Q`".to_owned()),
                _ => Some("a condition is written `Q(field=value)`".to_owned()),
            };
            let message = format!("expected {CONDITION}, found `{}`", shortened(name));
            Err(QError::new(column, message).with_help(help))
        }
        None => Err(scanner.unexpected(CONDITION)),
    }
}

/// What stands between the parentheses of `Q(…)`, with the closing one.
fn arguments(scanner: &mut Scanner<'_>) -> Result<Filter, QError> {
    if scanner.take(')') {
        return Ok(Filter::All);
    }
    if matches!(scanner.peek(), Some('\'' | '"')) {
        return positional(scanner);
    }
    let column = scanner.column();
    match scanner.keyword() {
        Some(keyword) => keywords(scanner, keyword, column),
        None => connected(scanner),
    }
}

/// `name=value, name__operator=value`: all of them.
fn keywords(scanner: &mut Scanner<'_>, keyword: &str, column: usize) -> Result<Filter, QError> {
    let mut parts = vec![assigned(scanner, keyword, column)?];
    while scanner.take(',') {
        if scanner.peek() == Some(')') {
            break;
        }
        let column = scanner.column();
        let Some(keyword) = scanner.keyword() else {
            return Err(scanner.unexpected("`field=value`"));
        };
        parts.push(assigned(scanner, keyword, column)?);
    }
    scanner.expect(')', "`,` or `)`")?;
    Ok(joined(parts, Filter::And))
}

fn assigned(scanner: &mut Scanner<'_>, keyword: &str, column: usize) -> Result<Filter, QError> {
    let (field, operator) = split_keyword(keyword);
    scanner.peek();
    let sign_column = scanner.column();
    let sign = scanner.sign();
    if sign != "=" {
        let help = match Operator::from_name(sign).and_then(Operator::word) {
            Some(word) => format!("write `{}__{word}=`", shortened(field)),
            None => format!("write `{}=`", shortened(field)),
        };
        return Err(
            QError::new(sign_column, format!("expected `=`, found `{}`", shortened(sign))).with_help(Some(help))
        );
    }
    let value = scanner.literal()?;
    Ok(Filter::Compare(Comparison { field: field.to_owned(), operator, value, position: Position(column) }))
}

/// `'field', 'operator', value`.
fn positional(scanner: &mut Scanner<'_>) -> Result<Filter, QError> {
    let position = Position(scanner.column());
    let field = scanner.string()?;
    scanner.expect(',', "`,` and an operator")?;
    let operator = operator(scanner)?;
    scanner.expect(',', "`,` and a value")?;
    let value = scanner.literal()?;
    scanner.take(',');
    scanner.expect(')', "`)`")?;
    Ok(Filter::Compare(Comparison { field, operator, value, position }))
}

fn operator(scanner: &mut Scanner<'_>) -> Result<Operator, QError> {
    if !matches!(scanner.peek(), Some('\'' | '"')) {
        return Err(scanner.unexpected("an operator in quotes, as `'>='`"));
    }
    let column = scanner.column();
    let name = scanner.string()?;
    Operator::from_name(&name).ok_or_else(|| {
        let help = did_you_mean(&name, Operator::names())
            .unwrap_or_else(|| format!("the operators are `{}`", Operator::names().collect::<Vec<_>>().join("` `")));
        QError::new(column, format!("no operator `{}`", shortened(&name))).with_help(Some(help))
    })
}

/// `condition, Q.AND, condition, Q.OR, condition`: `Q.AND` binds tighter.
fn connected(scanner: &mut Scanner<'_>) -> Result<Filter, QError> {
    let mut alternatives = Vec::new();
    let mut group = vec![any(scanner)?];
    while scanner.take(',') {
        if scanner.peek() == Some(')') {
            break;
        }
        let and = connective(scanner)?;
        scanner.expect(',', "`,` and a condition")?;
        let next = any(scanner)?;
        if and {
            group.push(next);
        } else {
            alternatives.push(joined(std::mem::replace(&mut group, vec![next]), Filter::And));
        }
    }
    scanner.expect(')', "`,`, `&`, `|` or `)`")?;
    alternatives.push(joined(group, Filter::And));
    Ok(joined(alternatives, Filter::Or))
}

/// Whether the connective is `Q.AND`, not `Q.OR`.
fn connective(scanner: &mut Scanner<'_>) -> Result<bool, QError> {
    const EXPECTED: &str = "`Q.AND` or `Q.OR`";
    scanner.peek();
    let column = scanner.column();
    if scanner.identifier() == Some("Q") && scanner.take('.') {
        let name = scanner.identifier().unwrap_or_default();
        return match name {
            "AND" => Ok(true),
            "OR" => Ok(false),
            _ => {
                let message = format!("expected {EXPECTED}, found `Q.{}`", shortened(name));
                let help = did_you_mean(name, ["AND", "OR"].into_iter());
                Err(QError::new(column, message).with_help(help))
            }
        };
    }
    let help = "several conditions in one `Q` are joined as `Q(a, Q.AND, b)`, or with `&`".to_owned();
    Err(QError::new(column, format!("expected {EXPECTED}")).with_help(Some(help)))
}

/// One part as it is, several under their connective.
fn joined(mut parts: Vec<Filter>, connective: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            connective(parts)
        }
    }
}
