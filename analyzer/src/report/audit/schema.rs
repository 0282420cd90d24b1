//! The schema of what an audit log answers: what was read, and a table for each question with the
//! columns that it has.

use std::borrow::Cow;

use konspect_audit::AuditSummary;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::questions::{Ask, Question};
use super::{Reading, Without};

/// The query results, when an audit log was there.
pub(in crate::report) struct Answers;

impl JsonSchema for Answers {
    fn schema_name() -> Cow<'static, str> {
        "Answers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Reading::json_schema(generator);
        let mut keys: Vec<(&str, Value)> =
            Question::ALL.iter().map(|question| (question.key(), table(*question))).collect();
        keys.push(("without", generator.subschema_for::<Option<Without>>().to_value()));
        for (key, inner) in keys {
            if let Some(Value::Array(required)) = schema.get_mut("required") {
                required.push(key.into());
            }
            if let Some(Value::Object(properties)) = schema.get_mut("properties") {
                properties.insert(key.to_owned(), inner);
            }
        }
        schema
    }
}

/// The table of a question: it has its columns even where nothing answers.
fn table(question: Question) -> Value {
    let columns = question.answer(&AuditSummary::default(), &Ask::default()).columns;
    let cells = columns.iter().map(|key| ((*key).to_owned(), cell(question, key).to_value()));
    json!({
        "description": says(question),
        "type": "array",
        "items": {
            "type": "object",
            "properties": cells.collect::<serde_json::Map<_, _>>(),
            "required": columns,
        },
    })
}

/// What stands in a column; its key names the unit.
fn cell(question: Question, key: &str) -> Schema {
    match key {
        "where" => json_schema!({
            "description": "The place that says so",
            "type": ["object", "null"],
            "properties": {
                "path": { "type": "string" },
                "start": { "type": "integer", "minimum": 0 },
                "end": { "type": "integer", "minimum": 0 },
            },
            "required": ["path", "start", "end"],
        }),
        "code" if question == Question::Codes => json_schema!({ "type": ["string", "null"] }),
        "user_agent" | "user" | "source_ip" | "verb" | "resource" | "subresource" | "namespace"
        | "name" | "scope" | "start" | "first" | "last" | "onset" | "peak_at" | "what"
        | "objective" | "reason" | "message" | "webhook" | "api" | "removed_release" => {
            json_schema!({ "type": ["string", "null"] })
        }
        _ if key.ends_with("_ms") || key.contains("per_") || key == "share" => {
            json_schema!({ "type": ["number", "null"], "minimum": 0 })
        }
        _ => json_schema!({ "type": ["integer", "null"], "minimum": 0 }),
    }
}

fn says(question: Question) -> &'static str {
    match question {
        Question::UserAgents => "User agents by requests, descending",
        Question::Users => "Users by requests",
        Question::SourceIps => "Source addresses (the last of each request) by requests",
        Question::Verbs => "Verbs by requests",
        Question::Resources => "group/resource, or a well-known path, by requests",
        Question::Namespaces => "Namespaces by requests",
        Question::Codes => "Response codes by requests",
        Question::Latency => {
            "Latency of each user agent in bins of time; long-running requests have none"
        }
        Question::Requests => "Latency by client, verb, resource and scope, slowest p99 first",
        Question::Slo => "Those over the upstream objective",
        Question::Bursts => "Clients that began to ask for much more, and since when",
        Question::Watches => "Watches by client and resource",
        Question::OpenWatches => "Watches that started in the log and did not end in it",
        Question::Polling => "The same object read again and again",
        Question::UnboundedLists => "LIST requests with neither limit nor resourceVersion",
        Question::Rejected => {
            "Requests turned away or failed, by reason and client; priority-and-fairness, disruption-budget, webhook-… are told apart"
        }
        Question::Failures => "Failures by message",
        Question::Webhooks => "Time that webhooks took of slow requests, and their failures",
        Question::Leaks => "Objects created and not deleted by the same client",
        Question::Deprecated => "Callers of API versions that will be removed",
        Question::Groups => "What `--by` asked for",
    }
}
