use mti_core::{Diagnostic, Severity};

/// Logs what is wrong with an app's files: it does not keep the rest from being served, but it is said.
pub(crate) fn log(finding: &Diagnostic) {
    let element = finding.element.as_ref().map_or("", |name| name.as_str());
    let place = finding.location.as_ref().map_or("", |location| location.file.as_str());
    let (code, message) = (finding.code.id(), finding.message.as_str());
    match finding.severity {
        Severity::Error => tracing::error!(code, element, file = place, "{message}"),
        Severity::Warning => tracing::warn!(code, element, file = place, "{message}"),
        Severity::Note => tracing::debug!(code, element, file = place, "{message}"),
    }
}
