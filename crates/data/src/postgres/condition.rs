//! Filters as SQL.
//!
//! A filter knows two answers, SQL three. A test of a null is unknown in SQL, and a test may stay so below `AND` and
//! `OR`: what is unknown is not true, and neither connective makes it true. Only a negation has to settle it, so it is
//! written `IS NOT TRUE`.

use super::sql::{Bound, Sql};
use super::table::{Column, ColumnType, Table};
use crate::q::{Condition, LikePattern, QError, Test};
use crate::{BoundFilter, DataError, FieldError, Order};

/// Adds ` WHERE …`, unless every row matches.
pub(super) fn push_where(sql: &mut Sql, table: &Table, filter: &BoundFilter) -> Result<(), DataError> {
    if filter.model() != table.schema.model() {
        let message = format!("the filter is for model `{}`, not for `{}`", filter.model(), table.schema.model());
        return Err(QError::new(1, message).into());
    }
    if matches!(filter.condition(), Condition::And(parts) if parts.is_empty()) {
        return Ok(());
    }
    sql.push(" WHERE ");
    push(sql, table, filter.condition())
}

/// Adds ` ORDER BY …`: null before every value, and rows that tie by their keys.
pub(super) fn push_order(sql: &mut Sql, table: &Table, order: &[Order]) -> Result<(), DataError> {
    sql.push(" ORDER BY ");
    let key = table.key();
    for Order { field, descending } in order {
        let column = table.column(field).ok_or_else(|| unknown(table, field))?;
        if column.kind == ColumnType::Json {
            let error = FieldError::new(field, "JSON has no order");
            return Err(DataError::FieldInvalid { model: table.schema.model().to_owned(), error });
        }
        sql.push(&column.name).push(match (*descending, column.field == key.field) {
            // The key is never null, and without more words its index gives the order.
            (false, true) => " ASC",
            (true, true) => " DESC",
            (false, false) => " ASC NULLS FIRST",
            (true, false) => " DESC NULLS LAST",
        });
        if column.field == key.field {
            return Ok(());
        }
        sql.push(", ");
    }
    sql.push(&key.name).push(" ASC");
    Ok(())
}

pub(super) fn unknown(table: &Table, field: &str) -> DataError {
    DataError::FieldInvalid { model: table.schema.model().to_owned(), error: table.schema.unknown_field(field) }
}

fn push(sql: &mut Sql, table: &Table, condition: &Condition) -> Result<(), DataError> {
    match condition {
        Condition::And(parts) => push_joined(sql, table, parts, " AND ", "TRUE"),
        Condition::Or(parts) => push_joined(sql, table, parts, " OR ", "FALSE"),
        Condition::Not(inner) => {
            sql.push("(");
            push(sql, table, inner)?;
            sql.push(" IS NOT TRUE)");
            Ok(())
        }
        Condition::Field { field, test } => {
            let column = table.column(field).ok_or_else(|| unknown(table, field))?;
            push_test(sql, column, test);
            Ok(())
        }
    }
}

fn push_joined(
    sql: &mut Sql,
    table: &Table,
    parts: &[Condition],
    connective: &str,
    without_any: &str,
) -> Result<(), DataError> {
    if parts.is_empty() {
        sql.push(without_any);
        return Ok(());
    }
    for (index, part) in parts.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { connective });
        push(sql, table, part)?;
    }
    sql.push(")");
    Ok(())
}

fn push_test(sql: &mut Sql, column: &Column, test: &Test) {
    let name = column.name.as_str();
    match test {
        Test::IsNull => {
            sql.push("(").push(name).push(" IS NULL)");
        }
        Test::Equal(value) => push_comparison(sql, name, " = ", value.into()),
        Test::Less(value) => push_comparison(sql, name, " < ", value.into()),
        Test::LessOrEqual(value) => push_comparison(sql, name, " <= ", value.into()),
        Test::Greater(value) => push_comparison(sql, name, " > ", value.into()),
        Test::GreaterOrEqual(value) => push_comparison(sql, name, " >= ", value.into()),
        Test::Range(low, high) => {
            sql.push("(").push(name).push(" >= ").bind(low.into());
            sql.push(" AND ").push(name).push(" <= ").bind(high.into()).push(")");
        }
        Test::In { values, null } => {
            // One value for the whole list: the statement is the same for every length.
            sql.push("(").push(name).push(" = ANY(");
            sql.bind(Bound::List(values.iter().map(Bound::from).collect())).push(")");
            if *null {
                sql.push(" OR ").push(name).push(" IS NULL");
            }
            sql.push(")");
        }
        Test::Like(patterns) => push_patterns(sql, column, patterns.iter().map(pattern)),
        Test::StartsWith(start) if column.kind.is_read_as_text() => {
            push_patterns(sql, column, std::iter::once(format!("{}%", escaped(start))));
        }
        Test::StartsWith(start) => push_prefix(sql, name, start),
        Test::EndsWith(end) => push_patterns(sql, column, std::iter::once(format!("%{}", escaped(end)))),
    }
}

fn push_comparison(sql: &mut Sql, name: &str, operator: &str, value: Bound) {
    sql.push("(").push(name).push(operator).bind(value).push(")");
}

fn push_patterns(sql: &mut Sql, column: &Column, patterns: impl Iterator<Item = String>) {
    let mut opening = "(";
    for pattern in patterns {
        sql.push(opening).push(&column.selected()).push(" LIKE ").bind(Bound::Text(pattern));
        opening = " OR ";
    }
    // Without any pattern nothing matches.
    sql.push(if opening == "(" { "(FALSE)" } else { ")" });
}

/// The texts that begin so are those from the beginning itself up to the next text that does not: an index finds them.
fn push_prefix(sql: &mut Sql, name: &str, start: &str) {
    sql.push("(").push(name).push(" >= ").bind(Bound::Text(start.to_owned()));
    if let Some(end) = behind(start) {
        sql.push(" AND ").push(name).push(" < ").bind(Bound::Text(end));
    }
    sql.push(")");
}

/// The first text, by code points, behind all that begin so.
fn behind(start: &str) -> Option<String> {
    let mut characters: Vec<char> = start.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            // Surrogates are no characters.
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn pattern(pattern: &LikePattern) -> String {
    pattern.pieces().iter().map(|piece| escaped(piece)).collect::<Vec<_>>().join("%")
}

/// A text in which nothing is special to `LIKE`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
