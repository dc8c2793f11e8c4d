use mti_secret::Secret;

/// What identifies an application to WeChat.
#[derive(Debug, Clone)]
pub struct AppCredentials {
    /// The application's public identifier: `wx` and 16 hexadecimal digits.
    pub app_id: String,
    /// The application's secret.
    pub app_secret: Secret,
}
