/// The files of the apps that never change.
pub(crate) const FIXED: &str = r#"
//- base/app.json
{"appId": "stress.base", "version": "1.0.0", "extends": []}
//- base/words/Meta/e.json
{"title": "Words", "type": ""}
//- base/words/Type/e.json
{"title": "Words", "type": "words.Meta", "backend": "python"}
//- base/doors/Meta/e.json
{"title": "Doors", "type": ""}
//- base/doors/Front/e.json
{"title": "The front door", "type": "doors.Type"}
//- base/models/Meta/e.json
{"title": "Models", "type": ""}
//- base/models/NormalType/e.json
{"title": "Models", "type": "models.Meta", "backend": "rust"}
//- base/databases/Meta/e.json
{"title": "Databases", "type": ""}
//- base/databases/SledType/e.json
{"title": "Embedded", "type": "databases.Meta", "backend": "rust"}
//- base/databases/PgSqlType/e.json
{"title": "PostgreSQL", "type": "databases.Meta", "backend": "rust"}
//- parent/app.json
{"appId": "stress.parent", "version": "1.0.0", "extends": [{"appId": "stress.base", "version": "1.0.0"}]}
//- parent/words/Type/e.json
{"title": "Words of the parent", "backend": "python"}
//- child/words/Type/e.json
{"title": "Words of the child", "type": "words.Meta"}
//- child/doors/Type/e.json
{"title": "A guarded door", "type": "doors.Meta"}
//- child/doors/Side/e.json
{"title": "The side door", "type": "doors.Type"}
//- child/stamps/Meta/e.json
{"title": "Stamps", "type": ""}
//- child/stamps/Type/e.json
{"title": "Stamps", "type": "stamps.Meta", "backend": "rust"}
//- child/stamps/First/e.json
{"title": "The first stamp", "type": "stamps.Type"}
//- child/stamps/Second/e.json
{"title": "The second stamp", "type": "stamps.Type"}
//- child/slow/Meta/e.json
{"title": "Slow", "type": ""}
//- child/slow/Type/e.json
{"title": "Slow", "type": "slow.Meta", "backend": "rust"}
//- child/slow/Caller/e.json
{"title": "Slow", "type": "slow.Type"}
//- child/circle/Meta/e.json
{"title": "Circle", "type": ""}
//- child/circle/Type/e.json
{"title": "Circle", "type": "circle.Meta", "backend": "rust"}
//- child/circle/Left/e.json
{"title": "Left", "type": "circle.Type"}
//- child/circle/Left/Left.json
{"next": "circle.Right"}
//- child/circle/Right/e.json
{"title": "Right", "type": "circle.Type"}
//- child/circle/Right/Right.json
{"next": "circle.Left"}
//- child/databases/Embedded/e.json
{"title": "Embedded", "type": "databases.SledType"}
//- child/databases/Server/e.json
{"title": "Server", "type": "databases.PgSqlType"}
"#;
