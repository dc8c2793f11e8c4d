//! What a secret shows, and how it crosses between languages.

mod secrets;
