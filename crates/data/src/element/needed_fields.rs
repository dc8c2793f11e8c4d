use mti_core::Code;
use mti_core::json::Pointer;
use mti_element::{ElementDefinition, Expectation, NeededElement, OpenContext, Shortcoming, Value};

use crate::{DataType, ModelSchema};

/// The Type of all models.
const MODEL_TYPE: &str = "models.NormalType";

/// The fields of a model that a level reads or writes. A level declares them when it is opened, and `check` reports a model
/// that lacks one after overrides, or has it with values of another kind:
///
/// ```ignore
/// fn open(context: &OpenContext<'_>) -> Result<Self> {
///     NeededFields::of("hr.models.Staff").field("userId", DataType::Stext).declare(context);
///     Ok(Self)
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "fields are needed once they are declared"]
pub struct NeededFields {
    model: String,
    fields: Vec<(String, DataType)>,
}

impl NeededFields {
    /// None yet, of the model of that full name.
    pub fn of(model: impl Into<String>) -> Self {
        Self { model: model.into(), fields: Vec::new() }
    }

    /// Adds a field. Its data type may be another one of the same [kind](DataType::kind): `Ltext` where `Stext` is needed.
    pub fn field(mut self, name: impl Into<String>, data_type: DataType) -> Self {
        self.fields.push((name.into(), data_type));
        self
    }

    /// Says that the level cannot do without these fields.
    pub fn declare(self, context: &OpenContext<'_>) {
        let model = NeededElement::Named(self.model.clone());
        context.needs_that(model, MODEL_TYPE, self, Code::ElementNotFound, "/type");
    }
}

impl Expectation for NeededFields {
    fn shortcomings(&self, definition: &ElementDefinition) -> Vec<Shortcoming> {
        let config = definition.config.value();
        // What is no model at all is reported for itself.
        let Ok(schema) = ModelSchema::parse(&self.model, "", config) else { return Vec::new() };
        let shortcoming = |(name, needed): &(String, DataType)| match schema.field(name) {
            Some(field) if field.data_type.kind() == needed.kind() => None,
            Some(field) => Some(wrong_kind(&self.model, config, name, field.data_type, *needed)),
            None => Some(missing(&self.model, name, *needed)),
        };
        self.fields.iter().filter_map(shortcoming).collect()
    }
}

fn missing(model: &str, field: &str, needed: DataType) -> Shortcoming {
    Shortcoming {
        code: Code::NeededField,
        pointer: Pointer::ROOT.key("fields"),
        message: format!("`{model}` has no field `{field}`"),
        help: format!(
            "add {{\"name\": \"{field}\", \"dataType\": \"{needed}\"}} to `fields`, or take `\"override\": \"replace\"` out of its `e.json` to inherit the field"
        ),
    }
}

fn wrong_kind(model: &str, config: &Value, field: &str, found: DataType, needed: DataType) -> Shortcoming {
    let fields = config.get("fields").and_then(Value::as_array);
    let is_field = |item: &Value| item.get("name").and_then(Value::as_str) == Some(field);
    let index = fields.and_then(|fields| fields.iter().position(is_field)).unwrap_or_default();
    Shortcoming {
        code: Code::NeededField,
        pointer: Pointer::ROOT.key("fields").index(index).key("dataType"),
        message: format!(
            "`{model}` has a field `{field}` of {} (`{found}`) instead of {}",
            found.kind().name(),
            needed.kind().name()
        ),
        help: format!("write `\"dataType\": \"{needed}\"`, or leave the `dataType` of an inherited field out"),
    }
}
