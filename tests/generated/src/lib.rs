//! The code of this app.

pub mod audited_type_level;
pub mod badge_type_level;
pub mod phrase_type_level;
pub mod plain_type_level;
pub mod staff_type_level;

/// The `mti` command with the levels of this app: for `main`, and for tests.
pub fn program() -> mti::Program {
    mti::main()
        .level::<audited_type_level::AuditedTypeLevel>("acme.generated", "models.AuditedType")
        .level::<badge_type_level::BadgeTypeLevel>("acme.generated", "auths.loginTypes.BadgeType")
        .level::<phrase_type_level::PhraseTypeLevel>("acme.generated", "auths.loginTypes.PhraseType")
        .level::<staff_type_level::StaffTypeLevel>("acme.generated", "auths.loginTypes.StaffType")
        .level::<plain_type_level::PlainTypeLevel>("acme.generated", "words.PlainType")
}
