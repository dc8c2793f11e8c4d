use std::sync::{Arc, Weak};

use arc_swap::ArcSwapOption;
use mti_core::{Code, Diagnostic};
use mti_element::{AppView, Fail, Failure, Level, NeededElement, OpenContext, Result, Value, level};

use crate::element::database::{DEFAULT_DATABASE, DEFAULT_KIND};
use crate::element::{Batch, Declaration, Model, ModelSteps, Outcomes, Rows, Table, database_of, default_database};
use crate::q::{Literal, Operator};
use crate::{Aggregate, BoundFilter, DataError, Database, Filter, ModelSchema, Operation, Order, Outcome, Query, Row};

/// The code of `models.NormalType`.
#[derive(Debug)]
pub struct ModelLevel {
    config: Value,
    /// The database that its `e.json` names.
    database: Option<String>,
    initial_rows: Vec<Row>,
    /// Which version of the model this is.
    generation: u64,
    /// The table as it was made ready last.
    ready: ArcSwapOption<Ready>,
}

/// A table that was made ready.
#[derive(Debug)]
struct Ready {
    schema: Arc<ModelSchema>,
    /// Where. A database closes when its last element is gone: a model that remembers it does not keep it open.
    database: Weak<dyn Database>,
    /// The database's [`Database::epoch`](crate::Database::epoch) before that.
    epoch: u64,
}

impl Level for ModelLevel {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let definition = context.definition();
        let config = definition.config.value().clone();
        let schema = ModelSchema::parse(definition.name.as_str(), "", &config).map_err(|problems| {
            let findings = problems.into_iter().flat_map(|problem| {
                let failure = context.config_problem(Code::BadField, &problem.pointer, problem.message);
                failure
                    .diagnostics()
                    .iter()
                    .cloned()
                    .map(|finding| match &problem.help {
                        Some(help) => finding.with_help(help.clone()),
                        None => finding,
                    })
                    .collect::<Vec<_>>()
            });
            Fail::ELEMENT_EXCEPTION.failure().diagnosed(findings.collect())
        })?;
        let database = match context.manifest_value("db") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) if !name.is_empty() => Some(name.clone()),
            Some(_) => {
                return Err(context.manifest_problem(
                    Code::DatabaseNotFound,
                    "/db",
                    "`db` must name a database element",
                ));
            }
        };
        let default = NeededElement::Default { kind: DEFAULT_KIND, otherwise: DEFAULT_DATABASE };
        let needed = database.clone().map_or(default, NeededElement::Named);
        context.needs(needed, "databases.Meta", Code::DatabaseNotFound, "/db");
        let initial_rows = initial_rows(context, &schema)?;
        let generation = context.generation();
        Ok(Self { config, database, initial_rows, generation, ready: ArcSwapOption::empty() })
    }
}

#[level]
impl ModelSteps for ModelLevel {
    async fn get(&self, this: Model<'_>, filter: Filter, order_list: Option<Vec<Order>>) -> Result<Option<Row>> {
        let table = this.table().await?;
        let mut query = Query::first(bind(&table, &filter)?);
        query.order = order_list.unwrap_or_default();
        Ok(find(&table, query).await?.row_datas.into_iter().next())
    }

    async fn query(
        &self,
        this: Model<'_>,
        filter: Option<Filter>,
        field_list: Option<Vec<String>>,
        order_list: Option<Vec<Order>>,
        page: Option<u64>,
        size: Option<u64>,
    ) -> Result<Rows> {
        let table = this.table().await?;
        let mut query = Query::new(bind(&table, &filter.unwrap_or(Filter::All))?);
        query.fields = field_list.filter(|fields| !fields.is_empty());
        query.order = order_list.unwrap_or_default();
        query.count = true;
        query.limit = size.map(to_usize);
        query.offset = match (page, size) {
            (Some(0), _) => return Err(Fail::API_PARAMS_ERROR.because("`page` counts from 1")),
            (Some(page), Some(size)) => to_usize((page - 1).saturating_mul(size)),
            (Some(1) | None, None) | (None, Some(_)) => 0,
            (Some(_), None) => return Err(Fail::API_PARAMS_ERROR.because("`page` needs a `size`")),
        };
        find(&table, query).await
    }

    async fn create(&self, this: Model<'_>, row_data: Row) -> Result<Row> {
        let table = this.table().await?;
        only_row(execute(&table, vec![Operation::insert(&table.schema, row_data)]).await?)
    }

    async fn update_by_pk(&self, this: Model<'_>, pk_list: Vec<Value>, update_data: Row) -> Result<Vec<Row>> {
        let table = this.table().await?;
        let filter = bind(&table, &keys(&table.schema, &pk_list)?)?;
        Ok(all_rows(execute(&table, vec![Operation::update(&table.schema, filter, update_data)]).await?))
    }

    async fn delete_by_pk(&self, this: Model<'_>, pk_list: Vec<Value>) -> Result<()> {
        let table = this.table().await?;
        let filter = bind(&table, &keys(&table.schema, &pk_list)?)?;
        execute(&table, vec![Operation::delete(&table.schema, filter)]).await.map(drop)
    }

    async fn update_by_filter(&self, this: Model<'_>, filter: Option<Filter>, update_data: Row) -> Result<()> {
        let table = this.table().await?;
        let filter = bind(&table, &required(filter)?)?;
        execute(&table, vec![Operation::update(&table.schema, filter, update_data)]).await.map(drop)
    }

    async fn delete_by_filter(&self, this: Model<'_>, filter: Option<Filter>) -> Result<()> {
        let table = this.table().await?;
        let filter = bind(&table, &required(filter)?)?;
        execute(&table, vec![Operation::delete(&table.schema, filter)]).await.map(drop)
    }

    async fn update_or_add(
        &self,
        this: Model<'_>,
        filter: Filter,
        order_list: Option<Vec<Order>>,
        update_data: Row,
        add_data: Row,
    ) -> Result<Row> {
        let table = this.table().await?;
        let filter = bind(&table, &filter)?;
        let order = order_list.unwrap_or_default();
        let operation = Operation::update_or_insert(&table.schema, filter, order, update_data, add_data);
        only_row(execute(&table, vec![operation]).await?)
    }

    async fn create_or_update_many(&self, this: Model<'_>, row_data_list: Vec<Row>) -> Result<Vec<Row>> {
        let table = this.table().await?;
        let key = &table.schema.primary_key().name;
        let operations = row_data_list
            .into_iter()
            .map(|mut row| match row.get(key) {
                None | Some(Value::Null) => Ok(Operation::insert(&table.schema, row)),
                Some(value) => {
                    let filter = bind(&table, &keys(&table.schema, std::slice::from_ref(value))?)?;
                    let insert = row.clone();
                    row.remove(key);
                    Ok(Operation::update_or_insert(&table.schema, filter, Vec::new(), row, insert))
                }
            })
            .collect::<Result<_>>()?;
        Ok(all_rows(execute(&table, operations).await?))
    }

    async fn aggregate(
        &self,
        this: Model<'_>,
        filter: Option<Filter>,
        aggr_field: String,
        aggr_type: Aggregate,
    ) -> Result<Value> {
        let table = this.table().await?;
        let filter = bind(&table, &filter.unwrap_or(Filter::All))?;
        let schema = Arc::clone(&table.schema);
        table.database.aggregate(schema, filter, aggr_field, aggr_type).await.map_err(DataError::into_failure)
    }

    async fn take(&self, this: Model<'_>, filter: Filter) -> Result<Vec<Row>> {
        let table = this.table().await?;
        let filter = bind(&table, &filter)?;
        Ok(all_rows(execute(&table, vec![Operation::delete(&table.schema, filter)]).await?))
    }

    async fn execute(&self, this: Model<'_>, batch: Batch) -> Result<Outcomes> {
        batch.run(this.app()).await
    }

    async fn declaration(&self, this: Model<'_>) -> Result<Declaration> {
        let database_name = self.database_name(this.app().view()).to_owned();
        Ok(Declaration {
            database: database_of(this.app(), &database_name).await?,
            database_name,
            schema: self.schema(&this)?,
            initial_rows: self.initial_rows.clone(),
        })
    }

    async fn table(&self, this: Model<'_>) -> Result<Table> {
        let app = this.app();
        let database = database_of(this.app(), self.database_name(app.view())).await?;
        let epoch = database.epoch();
        if let Some(ready) = &*self.ready.load()
            && ready.epoch == epoch
            && std::ptr::addr_eq(ready.database.as_ptr(), Arc::as_ptr(&database))
        {
            return Ok(Table { database, schema: Arc::clone(&ready.schema) });
        }
        // Making ready is idempotent, so callers that race each other here do no harm.
        let schema = self.schema(&this)?;
        let rows = self.initial_rows.len();
        let prepared = database.prepare(Arc::clone(&schema), self.initial_rows.clone()).await;
        if prepared.map_err(|error| error.of_table().into_failure())?.created {
            tracing::info!(model = this.name(), rows, "made the table, with the rows of `initData.json`");
        }
        let ready = Ready { schema: Arc::clone(&schema), database: Arc::downgrade(&database), epoch };
        self.ready.store(Some(Arc::new(ready)));
        Ok(Table { database, schema })
    }
}

impl ModelLevel {
    /// The full name of the database that keeps the rows.
    fn database_name<'a>(&'a self, app: &'a Arc<dyn AppView>) -> &'a str {
        self.database.as_deref().unwrap_or_else(|| default_database(&**app))
    }

    /// The schema, in the namespace of the running app.
    fn schema(&self, this: &Model<'_>) -> Result<Arc<ModelSchema>> {
        let namespace = this.app().view().key().id.to_string();
        ModelSchema::parse(this.name(), &namespace, &self.config)
            .map(|schema| Arc::new(schema.of_generation(self.generation)))
            .map_err(|_| Fail::ELEMENT_EXCEPTION.failure().noting("a schema that was sound is so no more"))
    }
}

/// The rows that the apps give the model, checked against it.
fn initial_rows(context: &OpenContext<'_>, schema: &ModelSchema) -> Result<Vec<Row>> {
    let (definition, given) = (context.definition(), context.initial_rows());
    // Which rows a table begins with is decided once, so it has to be known.
    if definition.initial_rows_findings.iter().any(Diagnostic::is_error) {
        return Err(Fail::ELEMENT_EXCEPTION.failure().diagnosed(definition.initial_rows_findings.to_vec()));
    }
    let mut rows = Vec::with_capacity(given.len());
    let mut findings = Vec::new();
    for initial in given {
        let checked = match &initial.value {
            Value::Object(row) => {
                schema.complete(row).map(|_| row.clone()).map_err(|error| (Code::InitDataField, error.to_string()))
            }
            _ => Err((Code::BadInitData, "a row must be a JSON object".to_owned())),
        };
        match checked {
            Ok(row) => rows.push(row),
            Err((code, message)) => {
                findings.push(initial.finding(code, message).with_element(definition.name.clone()));
            }
        }
    }
    if findings.is_empty() { Ok(rows) } else { Err(Fail::ELEMENT_EXCEPTION.failure().diagnosed(findings)) }
}

/// The filter of a change to every row that matches.
fn required(filter: Option<Filter>) -> Result<Filter> {
    let missing = "argument `filter` is missing: write a Q expression, or `\"\"` for every row";
    filter.ok_or_else(|| Fail::API_PARAMS_ERROR.because(missing))
}

fn bind(table: &Table, filter: &Filter) -> Result<BoundFilter> {
    filter.bind(&table.schema).map_err(|error| DataError::from(error).into_failure())
}

async fn find(table: &Table, query: Query) -> Result<Rows> {
    let page = table.database.find(Arc::clone(&table.schema), query).await.map_err(DataError::into_failure)?;
    let total_count = page.total.unwrap_or(page.rows.len() as u64);
    Ok(Rows { row_datas: page.rows, total_count })
}

async fn execute(table: &Table, operations: Vec<Operation>) -> Result<Vec<Outcome>> {
    table.database.execute(operations).await.map_err(DataError::into_failure)
}

fn all_rows(outcomes: Vec<Outcome>) -> Vec<Row> {
    outcomes.into_iter().flat_map(Outcome::into_rows).collect()
}

fn only_row(outcomes: Vec<Outcome>) -> Result<Row> {
    all_rows(outcomes)
        .into_iter()
        .next()
        .ok_or_else(|| Fail::ELEMENT_EXCEPTION.failure().noting("a write gave no row back"))
}

/// The rows of these primary keys.
fn keys(schema: &ModelSchema, keys: &[Value]) -> Result<Filter> {
    let literals = keys.iter().map(literal).collect::<Result<_>>()?;
    Ok(Filter::compare(schema.primary_key().name.as_str(), Operator::In, Literal::List(literals)))
}

fn literal(key: &Value) -> Result<Literal, Failure> {
    match key {
        Value::String(text) => Ok(Literal::Text(text.clone())),
        Value::Number(number) if number.is_i64() => Ok(Literal::Integer(number.as_i64().unwrap_or_default())),
        _ => Err(Fail::API_PARAMS_ERROR.because("a primary key is a whole number or a text")),
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
