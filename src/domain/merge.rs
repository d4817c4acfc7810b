//! Merge fields of mail templates: `{{contact.name}}`.

/// A field and what it stands for.
pub type MergeField = (&'static str, &'static str);

/// Every field there is.
pub const FIELDS: &[MergeField] = &[
    ("contact.name", "Whom the mail is for"),
    ("contact.first_name", "Their first name"),
    ("contact.email", "Their address"),
    ("contact.title", "Their title"),
    ("account.name", "The customer"),
    ("account.start_date", "When they became one"),
    ("account.renewal_date", "When their contract is up for renewal"),
    ("account.arr", "What they pay a year"),
    ("account.segment", "Their segment"),
    ("account.stage", "Where they are in their lifecycle"),
    ("account.score", "Their health, 0 to 100"),
    ("account.band", "Their health in a word"),
    ("stage.name", "Where they are in their lifecycle"),
    ("stage.next", "The stage after that"),
    ("csm.name", "Who looks after them"),
    ("csm.first_name", "That person's first name"),
    ("csm.email", "That person's address"),
    ("tenant.name", "Your company"),
    ("today", "The day the mail is written"),
    ("task.title", "The task the mail belongs to"),
    ("task.due", "When it is due"),
    ("onboarding.progress", "How far onboarding is"),
    ("training.admin", "The training of administrators"),
    ("training.user", "The training of users"),
    ("survey.link", "Where the survey is"),
];

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What, and what to do.
    pub message: String,
}

/// A template with its fields filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The text; a field without a value stands in it as `[its.name]`.
    pub text: String,
    /// Fields without a value, each once.
    pub missing: Vec<String>,
}

/// A piece of a template: text, a field with its place, or braces that are never closed.
enum Piece<'t> {
    Text(&'t str),
    Field(usize, &'t str),
    Open(usize, &'t str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        if rest.is_empty() {
            return None;
        }
        let begin = at;
        if let Some(inner) = rest.strip_prefix("{{") {
            let Some(end) = inner.find("}}") else {
                at = text.len();
                return Some(Piece::Open(begin, rest));
            };
            at += end + 4;
            return Some(Piece::Field(begin, inner[..end].trim()));
        }
        let end = rest.find("{{").unwrap_or(rest.len());
        at += end;
        Some(Piece::Text(&rest[..end]))
    })
}

/// Everything that is wrong with a template.
pub fn check(text: &str) -> Vec<Fault> {
    let fault = |at: usize, message: String| {
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[line_start..].chars().count() + 1;
        Fault { line: before.matches('\n').count() + 1, column, message }
    };
    pieces(text)
        .filter_map(|piece| match piece {
            Piece::Field(at, name) if !FIELDS.iter().any(|(known, _)| *known == name) => {
                Some(fault(at, unknown(name)))
            }
            Piece::Open(at, _) => Some(fault(at, "{{ is never closed by }}".to_owned())),
            _ => None,
        })
        .collect()
}

fn unknown(name: &str) -> String {
    let noun = name.split('.').next().unwrap_or(name);
    let like: Vec<&str> =
        FIELDS.iter().map(|(known, _)| *known).filter(|known| known.starts_with(noun)).collect();
    if like.is_empty() || noun.is_empty() {
        format!("there is no field {{{{{name}}}}}")
    } else {
        format!("there is no field {{{{{name}}}}}; there is {}", like.join(", "))
    }
}

/// Fills a template's fields.
pub fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Filled {
    let mut filled = Filled { text: String::with_capacity(text.len()), missing: Vec::new() };
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) | Piece::Open(_, text) => filled.text += text,
            Piece::Field(_, name) => match value(name).filter(|value| !value.trim().is_empty()) {
                Some(value) => filled.text += &value,
                None => {
                    filled.text += &format!("[{name}]");
                    if !filled.missing.iter().any(|known| known == name) {
                        filled.missing.push(name.to_owned());
                    }
                }
            },
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_named_with_their_place() {
        let text = "Hi {{contact.name}},\nwe önce {{ contact.nam }} and {{weather}} {{account.name";
        let faults = check(text);
        let places: Vec<_> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
        assert_eq!(places, [(2, 9), (2, 31), (2, 43)]);
        assert!(faults[0].message.contains("contact.nam}}; there is contact.name"), "{}", faults[0].message);
        assert_eq!(faults[1].message, "there is no field {{weather}}");
        assert_eq!(faults[2].message, "{{ is never closed by }}");
        assert_eq!(check("Hi {{ contact.name }}, {single} and }} are text"), []);
    }

    #[test]
    fn fields_are_filled_once_and_what_they_hold_is_not_read_again() {
        let value = |name: &str| match name {
            "contact.name" => Some("{{csm.name}}".to_owned()),
            "csm.name" => Some(" ".to_owned()),
            _ => None,
        };
        let filled = fill("{{contact.name}} {{csm.name}} {{survey.link}} {{survey.link}}", value);
        assert_eq!(filled.text, "{{csm.name}} [csm.name] [survey.link] [survey.link]");
        assert_eq!(filled.missing, ["csm.name", "survey.link"]);
    }
}
