//! The parts of an event that are objects or lists of their own.

use std::borrow::Cow;

use super::Odd;
use super::cursor::{Cursor, Key, Named};
use crate::event::{Component, Event};
use crate::time;

pub(super) fn user<'a>(cursor: &mut Cursor<'a>, name: &mut Cow<'a, str>) -> Result<(), Odd> {
    cursor.object(|cursor, key| match key {
        b"username" if !cursor.null() => cursor.text().map(|text| *name = text),
        _ => cursor.skip(),
    })
}

pub(super) fn source_ips<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.expect(b'[')?;
    cursor.space();
    if cursor.peek()? == b']' {
        cursor.at += 1;
        return Ok(());
    }
    loop {
        cursor.space();
        event.source_ip = cursor.text()?;
        cursor.space();
        match cursor.next()? {
            b',' => {}
            b']' => return Ok(()),
            _ => return Err(Odd::Strange),
        }
    }
}

#[derive(Clone, Copy)]
enum ObjectField {
    Resource,
    Namespace,
    Name,
    Uid,
    Group,
    Version,
    ResourceVersion,
    Subresource,
}

static OBJECT_KEYS: [Key<ObjectField>; 8] = [
    Key::new(b"\"resource\":", ObjectField::Resource),
    Key::new(b"\"namespace\":", ObjectField::Namespace),
    Key::new(b"\"name\":", ObjectField::Name),
    Key::new(b"\"uid\":", ObjectField::Uid),
    Key::new(b"\"apiGroup\":", ObjectField::Group),
    Key::new(b"\"apiVersion\":", ObjectField::Version),
    Key::new(b"\"resourceVersion\":", ObjectField::ResourceVersion),
    Key::new(b"\"subresource\":", ObjectField::Subresource),
];

pub(super) fn object_ref<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    if usual_object(cursor, event).is_some() {
        return Ok(());
    }
    cursor.members(&OBJECT_KEYS, |cursor, key| {
        let Named::Known(key) = key else { return cursor.skip() };
        let field = match key {
            ObjectField::Resource => &mut event.resource,
            ObjectField::Namespace => &mut event.namespace,
            ObjectField::Name => &mut event.name,
            ObjectField::Group => &mut event.group,
            ObjectField::Version => &mut event.version,
            ObjectField::Subresource => &mut event.subresource,
            ObjectField::Uid | ObjectField::ResourceVersion => return cursor.skip(),
        };
        if !cursor.null() {
            *field = cursor.text()?;
        }
        Ok(())
    })
}

/// Reads a reference whose keys come in the API server's order, without anything odd; else nothing
/// was stepped over.
#[inline]
fn usual_object<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Option<()> {
    let start = cursor.at;
    let resource = cursor.plain(b"{\"resource\":\"")?;
    let namespace = cursor.plain(b",\"namespace\":\"");
    let name = cursor.plain(b",\"name\":\"");
    cursor.plain(b",\"uid\":\"");
    let group = cursor.plain(b",\"apiGroup\":\"");
    let version = cursor.plain(b",\"apiVersion\":\"");
    cursor.plain(b",\"resourceVersion\":\"");
    let subresource = cursor.plain(b",\"subresource\":\"");
    if !cursor.takes(b"}") {
        cursor.at = start;
        return None;
    }
    event.resource = Cow::Borrowed(resource);
    event.namespace = Cow::Borrowed(namespace.unwrap_or_default());
    event.name = Cow::Borrowed(name.unwrap_or_default());
    event.group = Cow::Borrowed(group.unwrap_or_default());
    event.version = Cow::Borrowed(version.unwrap_or_default());
    event.subresource = Cow::Borrowed(subresource.unwrap_or_default());
    Some(())
}

#[derive(Clone, Copy)]
enum StatusField {
    Skipped,
    Message,
    Reason,
    Code,
}

static STATUS_KEYS: [Key<StatusField>; 5] = [
    Key::new(b"\"metadata\":", StatusField::Skipped),
    Key::new(b"\"status\":", StatusField::Skipped),
    Key::new(b"\"message\":", StatusField::Message),
    Key::new(b"\"reason\":", StatusField::Reason),
    Key::new(b"\"code\":", StatusField::Code),
];

pub(super) fn response_status<'a>(
    cursor: &mut Cursor<'a>,
    event: &mut Event<'a>,
) -> Result<(), Odd> {
    let start = cursor.at;
    if cursor.takes(b"{\"metadata\":{},\"code\":") {
        let code = cursor.number();
        if let Ok(code) = code
            && cursor.takes(b"}")
        {
            event.code = code;
            return Ok(());
        }
        cursor.at = start;
    }
    cursor.members(&STATUS_KEYS, |cursor, key| {
        match key {
            Named::Known(StatusField::Code) if !cursor.null() => event.code = cursor.number()?,
            Named::Known(StatusField::Message) if !cursor.null() => {
                event.message = cursor.text()?;
            }
            Named::Known(StatusField::Reason) if !cursor.null() => event.reason = cursor.text()?,
            _ => return cursor.skip(),
        }
        Ok(())
    })
}

/// The annotations that nearly every event has, and that nothing is counted from.
static ANNOTATION_KEYS: [Key<()>; 2] = [
    Key::new(b"\"authorization.k8s.io/decision\":", ()),
    Key::new(b"\"authorization.k8s.io/reason\":", ()),
];

pub(super) fn annotations<'a>(cursor: &mut Cursor<'a>, event: &mut Event<'a>) -> Result<(), Odd> {
    cursor.members(&ANNOTATION_KEYS, |cursor, key| {
        let key = match key {
            Named::Unknown(key) if annotation_wanted(key) => key,
            _ => return cursor.skip(),
        };
        let value = cursor.text()?;
        let key = std::str::from_utf8(key).map_err(|_| Odd::Strange)?;
        annotate(event, key, value);
        Ok(())
    })
}

fn annotation_wanted(key: &[u8]) -> bool {
    key.starts_with(b"apiserver.latency.k8s.io/")
        || key.starts_with(b"failed-open.")
        || key.starts_with(b"k8s.io/")
}

/// Takes one annotation into the event; unwanted ones are passed over.
pub(crate) fn annotate<'a>(event: &mut Event<'a>, key: &str, value: Cow<'a, str>) {
    if let Some(part) = key.strip_prefix("apiserver.latency.k8s.io/") {
        let slot = Component::parse(part)
            .and_then(|component| event.components.get_mut(component as usize));
        if let Some(slot) = slot {
            *slot = time::go_duration(&value);
        }
    } else if key.starts_with("failed-open.") {
        event.failed_open = value;
    } else if key == "k8s.io/deprecated" {
        event.deprecated = value == "true";
    } else if key == "k8s.io/removed-release" {
        event.removed_release = value;
    }
}
