/// The parameters of a request, in the order in which they came: query first, then form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn parse(query: Option<&str>, form: &[u8]) -> Self {
        let query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let form = url::form_urlencoded::parse(form);
        Self(query.into_owned().chain(form.into_owned()).collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(key, _)| key == name).count() > 1
    }

    /// Whether the named parameters that are there come in the order of `names`.
    pub(crate) fn are_ordered(&self, names: &[&str]) -> bool {
        let positions = self.0.iter().filter_map(|(key, _)| names.iter().position(|name| name == key));
        positions.is_sorted()
    }
}
