//! The JSON Schema of rule files, for editors: made from the shapes, so that it knows every key.

use serde_json::{Map, Value, json};

use crate::facts::view::{Field, Shape, TABLES};

/// The schema, for `konspect rules schema` and docs/rule.schema.json.
pub fn schema() -> Value {
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let rows: Vec<Value> = TABLES
        .iter()
        .map(|table| {
            let row = json!({ "$ref": format!("#/$defs/{}", table.name) });
            let test = json!({
                "type": "object",
                "description": "One row, as much of it as matters, and whether the rule fires on it.",
                "properties": { "fires": row, "silent": row },
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            });
            json!({
                "if": { "properties": { "for_each": { "const": table.name } } },
                "then": { "properties": { "tests": { "type": "array", "items": test } } },
            })
        })
        .collect();
    let edges = |description: &str| json!({ "type": "array", "items": { "type": "string" }, "description": description });
    let mut shapes = Map::new();
    for table in TABLES {
        shapes.insert(table.name.to_owned(), object(table.fields));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule of one's own for konspect",
        "type": "object",
        "required": ["id", "title", "for_each", "when"],
        "properties": {
            "id": {
                "type": "string",
                "pattern": "^[A-Za-z0-9._-]{1,64}$",
                "description": "A name that stands nowhere else, with a prefix of your own: ACME-7.",
            },
            "title": {
                "type": "string",
                "description": "What is wrong with one row, with {{ expression }} where the row speaks.",
            },
            "for_each": { "enum": tables, "description": "The table whose rows are asked." },
            "when": { "type": ["string", "boolean"], "description": "A CEL expression: true where the row is at fault." },
            "severity": { "enum": ["info", "warning", "critical"], "description": "warning, when it is not given." },
            "part": {
                "enum": ["cause", "symptom", "either", "aggravating"],
                "description": "What it can be; either, when it is not given: a cause where it is critical and nothing explains it.",
            },
            "confidence": {
                "enum": ["possible", "likely", "proven"],
                "description": "How sure an answer of true is; likely, when it is not given.",
            },
            "explains": edges("Rules whose findings follow from this one, by code, slug or id."),
            "explained_by": edges("Rules whose findings this one follows from, by code, slug or id."),
            "why": { "type": "string", "description": "Why it matters: the rule's page." },
            "remedy": {
                "type": "array",
                "items": {
                    "anyOf": [
                        { "type": "string" },
                        {
                            "type": "object",
                            "required": ["text", "command"],
                            "properties": { "text": { "type": "string" }, "command": { "type": "string" } },
                            "additionalProperties": false,
                        },
                    ],
                },
                "description": "What to do, in order; the reversible step first.",
            },
            "tests": { "type": "array", "description": "Rows on which the rule fires or is silent." },
        },
        "additionalProperties": false,
        "allOf": rows,
        "$defs": shapes,
    })
}

fn object(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of(field.shape);
        if field.nullable
            && let Some(kind) = schema.get("type").cloned()
        {
            schema.insert("type".to_owned(), json!([kind, "null"]));
        }
        properties.insert(field.key.to_owned(), Value::Object(schema));
    }
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn of(shape: Shape) -> Map<String, Value> {
    let schema = match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Int => json!({ "type": "integer" }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Ints => json!({ "type": "array", "items": { "type": "integer" } }),
        Shape::TextMap => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Shape::NumberMap => {
            json!({ "type": "object", "additionalProperties": { "type": "number" } })
        }
        Shape::List(fields) => json!({ "type": "array", "items": object(fields) }),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}
