//! Every code, in the one place where codes are declared.

use super::Severity;
use super::code::codes;

codes! {
    // 01xx: files and JSON.
    JsonSyntax "MTI0101" "json-syntax" Error "a file is not valid JSON"
        "Files are strict JSON: keys and strings in double quotes, no comments, no comma after the last member."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\",}\n";
    DuplicateKey "MTI0102" "duplicate-key" Error "an object names one key twice"
        "Readers disagree about which of two values wins, so neither is taken. Keep one."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"title\": \"B\"}\n";
    NestedTooDeep "MTI0103" "nested-too-deep" Error "arrays and objects are nested more than 128 deep"
        "Nesting is bounded so that no file can exhaust the stack of whoever reads it."
        "";
    NotUtf8 "MTI0104" "not-utf8" Error "a file is not UTF-8"
        "All files are UTF-8; a byte order mark is tolerated."
        "";
    FileTooLarge "MTI0105" "file-too-large" Error "a file is larger than 1 MiB"
        "Definitions are read whole, so their size is bounded. Move large data elsewhere."
        "";
    FileUnreadable "MTI0106" "file-unreadable" Error "a file or directory cannot be read"
        "The operating system refused. What an unreadable directory contains cannot be known, so this is never passed over in silence."
        "";
    NotAFile "MTI0107" "not-a-file" Error "what should be a file is something else"
        "A directory, a pipe or a link that leads out of the app stands where a file is expected."
        "//- a/e.json/notes.txt\nnot a file\n";
    NotAnObject "MTI0108" "not-an-object" Error "a file is JSON, but not an object"
        "`app.json`, `e.json` and business configs are JSON objects."
        "//- a/e.json\n[]\n";
    LinkEscapes "MTI0109" "link-escapes" Warning "a symbolic link leads out of the app"
        "Links are followed inside the app's root only. Copy what it points to into the app."
        "";
    LinkLoop "MTI0110" "link-loop" Warning "a symbolic link leads back to where it came from"
        "The link is not followed. Remove it."
        "";
    LinkBroken "MTI0111" "link-broken" Warning "a symbolic link leads nowhere"
        "Remove the link, or restore what it points to."
        "";
    TreeTooLarge "MTI0112" "tree-too-large" Error "an app has too many files, or too deep directories"
        "Most often data or a build directory lies inside the app. Exclude it with `.mtiignore`."
        "";
    BadIgnorePattern "MTI0113" "bad-ignore-pattern" Warning "a line of `.mtiignore` is no pattern"
        "`.mtiignore` has the syntax of `.gitignore`. The line is passed over."
        "//- .mtiignore\n[z-a]\n";
    NotWatched "MTI0114" "not-watched" Warning "changes of some files cannot be watched"
        "The operating system limits how many directories a user can watch, or refuses to watch one. The whole app is read from time to time instead, so changes show later and cost more."
        "";
    ReloadPanicked "MTI0115" "reload-panicked" Error "a reload ended by a panic"
        "This is a bug, in MTI or in the code of a level. The last good version is still served, and the next reload reads everything."
        "";

    // 02xx: app.json and the app chain.
    AppManifestMissing "MTI0201" "app-manifest-missing" Error "there is no `app.json`"
        "A directory is an app when it has an `app.json` with an `appId` and a `version`."
        "";
    AppIdMissing "MTI0202" "app-id-missing" Error "`app.json` has no `appId`"
        "Name the app `org.name`."
        "//- app.json\n{\"version\": \"1.0.0\"}\n";
    BadAppId "MTI0203" "bad-app-id" Error "an app id is not of the form `org.name`"
        "An app id has exactly two segments; each is an identifier that may have hyphens inside."
        "//- app.json\n{\"appId\": \"shop\", \"version\": \"1.0.0\"}\n";
    AppVersionMissing "MTI0204" "app-version-missing" Error "`app.json` has no `version`"
        "Give the app a version of three numbers."
        "//- app.json\n{\"appId\": \"acme.shop\"}\n";
    BadVersion "MTI0205" "bad-version" Error "a version, or a demand on one, cannot be read"
        "A version is three numbers, `1.2.3`. A demand in `extends` is a version, or a range such as `^1.2`, `~1.2` or `>=1.2, <2`."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0\"}\n";
    BadAppKey "MTI0206" "bad-app-key" Error "a key of `app.json` has a value of the wrong type"
        "Texts are strings, `extends` is an array of objects, `settings` is an object, and `settings.returnTo` in it an array of URLs."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"extends\": \"acme.base\"}\n";
    UnknownAppKey "MTI0207" "unknown-app-key" Note "`app.json` has a key that means nothing here"
        "The key is kept for whoever knows it. One that is nearly a known key is reported as a warning: correct its spelling."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"titel\": \"Shop\"}\n";
    ParentMissing "MTI0208" "parent-missing" Error "a parent app cannot be found"
        "Parents are looked for in the directories of the app path, beside the app itself, and among the apps embedded in the binary."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"extends\": [{\"appId\": \"acme.lost\", \"version\": \"^1.0\"}]}\n";
    ParentVersionMissing "MTI0209" "parent-version-missing" Error "a parent app is there, but not in a version that will do"
        "Change the demand in `extends`, or provide a version that meets it."
        "";
    AppCycle "MTI0210" "app-cycle" Error "apps extend each other in a circle"
        "Remove one of the `extends` entries that are shown."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"extends\": [{\"appId\": \"acme.shop\", \"version\": \"1.0.0\"}]}\n";
    AppVersionsDiffer "MTI0211" "app-versions-differ" Error "two versions of one app would be needed at once"
        "A running app contains one version of each app. Make the demands that are shown agree."
        "";
    NoLinearization "MTI0212" "no-linearization" Error "the parents cannot be put into one order"
        "The app chain keeps the order of every `extends`. Here two of them contradict each other; reverse one."
        "";
    DuplicateParent "MTI0213" "duplicate-parent" Error "`extends` names one app twice"
        "Keep one of the two entries."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"extends\": [{\"appId\": \"acme.lost\", \"version\": \"1.0.0\"}, {\"appId\": \"acme.lost\", \"version\": \"1.0.0\"}]}\n";
    ParentUnpinned "MTI0214" "parent-unpinned" Warning "`extends` names a parent without a version"
        "Any version is taken. Say which ones the app was made for."
        "//- app.json\n{\"appId\": \"acme.shop\", \"version\": \"1.0.0\", \"extends\": [{\"appId\": \"acme.lost\"}]}\n";

    // 03xx: e.json.
    WrongType "MTI0301" "wrong-type" Error "a key of `e.json` has a value of the wrong type"
        "The element is quarantined, because guessing what was meant could open what should be closed."
        "//- a/e.json\n{\"title\": 5, \"type\": \"\"}\n";
    BadTypeName "MTI0302" "bad-type-name" Error "`type` is no element name"
        "`type` is the full name of a Meta or a Type, such as `auths.loginTypes.WeChatType`, or empty for a Meta."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"auths/loginTypes\"}\n";
    UnknownWord "MTI0303" "unknown-word" Error "a key of `e.json` has a word that it does not take"
        "`backend` takes `rust` and `python`, `accessModifier` takes `public`, `protected` and `private`, `backendLoadTime` takes `afterAppInit` and `beforeHandleRequest`, `override` takes `replace`."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"accessModifier\": \"hidden\"}\n";
    FunctionUnnamed "MTI0304" "function-unnamed" Error "an entry of `functionList` or of its `args` has no usable `name`"
        "A function and its arguments are called by name: a non-empty string."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"functionList\": [{\"title\": \"Hello\"}]}\n";
    DuplicateFunction "MTI0305" "duplicate-function" Error "`functionList`, or the `args` of a function, has a name twice"
        "Keep one of the two entries."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"functionList\": [{\"name\": \"hello\"}, {\"name\": \"hello\"}]}\n";
    TitleMissing "MTI0306" "title-missing" Error "an element has no `title`"
        "Every element has a title, in its own `e.json` or in a definition that it overrides."
        "//- a/e.json\n{\"type\": \"\"}\n";
    TypeMissing "MTI0307" "type-missing" Error "an element has no `type`"
        "Every element has a type, in its own `e.json` or in a definition that it overrides; a Meta has the empty type `\"\"`."
        "//- a/e.json\n{\"title\": \"A\"}\n";
    DuplicateElement "MTI0308" "duplicate-element" Error "two directories of one app declare the same element"
        "`backend` and `frontend` add no segment to a name, so `a/e.json` and `a/backend/e.json` both declare `a`. Keep one of them."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\"}\n//- a/backend/e.json\n{\"title\": \"A\", \"type\": \"\"}\n";
    BadDirectoryName "MTI0309" "bad-directory-name" Error "a directory with an `e.json` has a name that no element can have"
        "A segment starts with a letter or `_`, goes on with letters, digits, `_` and inner `-`, and is at most 255 bytes long. Rename the directory."
        "//- my element/e.json\n{\"title\": \"A\", \"type\": \"\"}\n";
    ElementAtRoot "MTI0310" "element-at-root" Error "an `e.json` lies at the app's root"
        "An element's name is its path from the app's root, and the root has none. Move the file into a directory."
        "//- e.json\n{\"title\": \"A\", \"type\": \"\"}\n";
    BadMergeRule "MTI0311" "bad-merge-rule" Error "`x-merge` in the schema of a Type says what no merge can do"
        "Beside the `type` of an array, `x-merge` says how an override's list meets the one below: `\"replace\"`, `\"union\"`, or `{\"by\": \"name\"}` with the key that its items are known by."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\"}\n//- a/config.schema.json\n{\"properties\": {\"fields\": {\"type\": \"array\", \"x-merge\": \"name\"}}}\n";

    // 04xx: resolution.
    UnknownType "MTI0401" "unknown-type" Error "`type` names an element that does not exist"
        "The type is looked up by name from the running app. Correct the name, or declare the type."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"no.such.Type\"}\n";
    TypeCycle "MTI0402" "type-cycle" Error "types refer to each other in a circle"
        "A type chain ends in a Meta, whose `type` is empty."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"b\"}\n//- b/e.json\n{\"title\": \"B\", \"type\": \"a\"}\n";
    MissingCode "MTI0403" "missing-code" Error "a definition declares code that is not there"
        "`backend` says that this definition contributes a level in Rust or Python, but this binary has none for it. The element is quarantined: what it would have enforced must not vanish. Run the app's own program instead of the plain `mti` (`cargo run -- check`), and register the level in its `main.rs`: `mti::main().level::<…>(\"the appId\", \"the element\").run()`. If there is no code, take `backend` out."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"backend\": \"rust\"}\n";
    ProtectedOverride "MTI0404" "protected-override" Error "an element overrides one that does not allow it"
        "A `protected` or `private` element cannot be overridden by another app. Derive a new Type from it instead."
        "";
    OrphanOverride "MTI0405" "orphan-override" Warning "what was probably meant to override a method overrides nothing"
        "The name is misspelt, or the method was renamed or removed below. Follow the change, or declare a new method of an override in `functionList`. In Python, what overrides a step is a function or a property: a constant or a static method overrides nothing."
        "";
    QuarantinedDependency "MTI0406" "quarantined-dependency" Error "an element needs one that is quarantined"
        "Repair the element that is named; this one then works again. Of elements that suffer from the same one, `check` makes one finding."
        "";
    LoaderFailed "MTI0407" "loader-failed" Error "an element could not be loaded"
        "Its loader refused its definition or its config; the cause is in the message. Loading is tried again at the next call."
        "";
    DeclaredFunctionMissing "MTI0408" "declared-function-missing" Error "`functionList` declares a function that nothing implements"
        "Implement the function, or remove the entry."
        "";
    FunctionDiffers "MTI0409" "function-differs" Warning "`functionList` and the implementation disagree about a function"
        "Make the arguments in `functionList` those of the implementation."
        "";
    ElementNotFound "MTI0410" "element-not-found" Error "there is no element of that name"
        "Names are looked up along the app chain, nearest app first."
        "";
    DuplicateLevel "MTI0411" "duplicate-level" Error "two levels are registered for one element of one app"
        "An element of an app has at most one level in Rust. Remove one of the registrations."
        "";
    UnusedLevel "MTI0412" "unused-level" Warning "a level is registered for a definition that does not ask for it"
        "Write `\"backend\": \"rust\"` into the element's `e.json`, or remove the registration."
        "";
    TypeChanged "MTI0413" "type-changed" Warning "an override changes the type of what it overrides"
        "Every element that counted on the old type now gets the new one."
        "";
    PrivateElement "MTI0414" "private-element" Error "an element refers to a private element of another app"
        "A `private` element is visible in its own app only."
        "";
    PythonUnavailable "MTI0415" "python-unavailable" Error "a definition has Python code, and there is no interpreter"
        "This program has no Python. Run the app with `python -m mti` instead."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\"}\n//- a/loader.py\nclass Loader: ...\n";
    SignatureDiffers "MTI0416" "signature-differs" Warning "an override takes other arguments than what it overrides, or is of another kind"
        "Whoever calls the method names the arguments that the overridden level declares: the override would refuse them. Give it the same arguments. What overrides a property is a property."
        "";
    ShadowedOverride "MTI0417" "shadowed-override" Note "two apps override one method of an element"
        "The nearer app answers first, and the other one only where the nearer calls `sup`. Read both before relying on either."
        "";
    FunctionUncallable "MTI0418" "function-uncallable" Error "`functionList` declares a function without an argument that its level needs"
        "A call without the argument is refused, and so is one with it, because it is not declared. `args` is replaced as a whole: list all arguments, or leave `args` out to inherit it."
        "";
    PythonUndeclared "MTI0419" "python-undeclared" Warning "a definition has Python code that its `e.json` does not declare"
        "The code runs, but if the file vanishes or is emptied before the next start, the element works without it, and nobody is told. Write `\"backend\": \"python\"` into the `e.json`: code that is declared and missing quarantines the element."
        "";
    CodeLost "MTI0420" "code-lost" Error "a reload found a definition without the code that it had before"
        "The last good version is still served, because the code may have been a rule that others rely on. Restore the code, or write `\"backend\": \"none\"` into the `e.json` if the element is meant to have none. If a parent app lost the whole directory, restore it, remove the override as well, or restart the process."
        "";

    // 05xx: configuration.
    VariableMissing "MTI0501" "variable-missing" Error "a placeholder names a variable that is not set"
        "Set the variable in `.env`, in the file given with `--env-file`, or in the environment of the process."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\"}\n//- a/a.json\n{\"key\": \"{{NO_SUCH_VARIABLE}}\"}\n";
    BadPlaceholder "MTI0502" "bad-placeholder" Warning "a placeholder is not closed, or names nothing"
        "Write `{{NAME}}` or `${NAME}`; to have the characters themselves, escape them as `\\\\{{` and `$${`."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\"}\n//- a/a.json\n{\"key\": \"${NAME\"}\n";
    ConfigMissing "MTI0503" "config-missing" Error "the config that `frontBundleEntry` names does not exist"
        "`frontBundleEntry` names a `.json` file in the element's own directory. Without it, `<Name>.json` and then `config.json` are looked for."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"frontBundleEntry\": \"./lost.json\"}\n";
    ConfigKeyMissing "MTI0504" "config-key-missing" Error "a config lacks a required key"
        "Add the key to the element's config, or to that of one of its types."
        "";
    ConfigWrongType "MTI0505" "config-wrong-type" Error "a config has a value of the wrong type"
        "Give the key a value of the kind that the message names."
        "";
    UnknownConfigKey "MTI0506" "unknown-config-key" Note "a config has a key that its type does not know"
        "The key is kept, and nothing reads it. One that is nearly a known key is reported as a warning: correct its spelling."
        "";
    BadEnvLine "MTI0507" "bad-env-line" Warning "a line of an environment file cannot be read"
        "Lines are `NAME=value`, `export NAME=value`, comments that start with `#`, or empty."
        "";
    BundleEntryEscapes "MTI0508" "bundle-entry-escapes" Warning "a bundle entry leads out of its element's directory"
        "`frontBundleEntry` and `backendBundleEntry` name what lies in the element's own directory. What is elsewhere is never read."
        "//- a/e.json\n{\"title\": \"A\", \"type\": \"\", \"frontBundleEntry\": \"../../index.tsx\"}\n";

    // 06xx: login.
    WeChatAppIdMissing "MTI0601" "wechat-app-id-missing" Error "a WeChat login has no appId"
        "Put the appId of the website application into `authConfig.appId` of the instance's config."
        "//- auths/loginTypes/MyWeChatLogin/e.json\n{\"title\": \"WeChat\", \"type\": \"auths.loginTypes.WeChatType\", \"appSecret\": \"x\"}\n";
    WeChatAppSecretMissing "MTI0602" "wechat-app-secret-missing" Error "a WeChat login has no appSecret"
        "Put the appSecret into `authConfig.appSecret` of the instance's config, best as a placeholder."
        "//- auths/loginTypes/MyWeChatLogin/e.json\n{\"title\": \"WeChat\", \"type\": \"auths.loginTypes.WeChatType\"}\n//- auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json\n{\"authConfig\": {\"appId\": \"wx1\"}}\n";
    WeChatSecretsDiffer "MTI0603" "wechat-secrets-differ" Warning "`e.json` and the config give different appSecrets"
        "The one in the config is used. Keep one."
        "//- auths/loginTypes/MyWeChatLogin/e.json\n{\"title\": \"WeChat\", \"type\": \"auths.loginTypes.WeChatType\", \"appSecret\": \"x\"}\n//- auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json\n{\"authConfig\": {\"appId\": \"wx1\", \"appSecret\": \"y\"}}\n";
    LoginDuplicate "MTI0604" "login-duplicate" Warning "two logins use the same application"
        "Two instances with one appId share their bindings. Keep one, unless that is meant."
        "";
    BadEndpoint "MTI0605" "bad-endpoint" Error "an endpoint is not an acceptable address"
        "Endpoints are https addresses; http is accepted for loopback hosts only."
        "";
    BadRedirectUri "MTI0606" "bad-redirect-uri" Error "a redirect address is not acceptable"
        "Give an absolute address without a fragment, on the authorised domain of the WeChat application."
        "";
    WeChatAppIdMalformed "MTI0607" "wechat-app-id-malformed" Warning "an appId has not the form that WeChat gives"
        "The AppID of a website application is `wx` and 16 hexadecimal digits, in small letters. Copy it from the WeChat open platform; it is not the AppSecret."
        "//- auths/loginTypes/MyWeChatLogin/e.json\n{\"title\": \"WeChat\", \"type\": \"auths.loginTypes.WeChatType\"}\n//- auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json\n{\"authConfig\": {\"appId\": \"wx1\", \"appSecret\": \"y\"}}\n";
    BadLoginComponent "MTI0608" "bad-login-component" Warning "`loginComponent` cannot be used"
        "It is an object: `tag`, the name of a custom element (small letters, digits and at least one `-`), and `module`, a file in the element's `frontend/`. Otherwise the portal makes do with a form."
        "";
    WeChatAppSecretPadded "MTI0609" "wechat-app-secret-padded" Warning "an appSecret has white space or quotation marks around it"
        "WeChat takes all of it for the secret and refuses it with errcode 40125. Take a line break at the end out with `printf` instead of `echo`, and quotation marks out of the variable."
        "//- auths/loginTypes/MyWeChatLogin/e.json\n{\"title\": \"WeChat\", \"type\": \"auths.loginTypes.WeChatType\"}\n//- auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json\n{\"authConfig\": {\"appId\": \"wx0123456789abcdef\", \"appSecret\": \"y\\n\"}}\n";

    // 07xx: models and databases.
    BadField "MTI0701" "bad-field" Error "a field of a model is not declared correctly"
        "A field has a `name` that is an identifier, a `title` and a `dataType`. An override need not repeat what the model that it overrides declares."
        "";
    BadDataType "MTI0702" "bad-data-type" Error "a field has a `dataType` that does not exist"
        "Use one of the data types that the message lists."
        "";
    DuplicateField "MTI0703" "duplicate-field" Error "a model declares a field twice"
        "Keep one of the two."
        "";
    UnknownIndexField "MTI0704" "unknown-index-field" Error "an index names a field that the model does not have"
        "Correct the name in `uniqueList` or `indexList`, or declare the field."
        "";
    DatabaseNotFound "MTI0705" "database-not-found" Error "a model names a database element that does not exist"
        "`db` is the full name of a database element; without it, the app's default is used."
        "";
    BadPrimaryKey "MTI0706" "bad-primary-key" Error "a model does not have exactly one primary key"
        "Mark one field with `primaryKey`."
        "";
    BadDatabaseConfig "MTI0707" "bad-database-config" Error "the config of a database cannot be used"
        "The message names the key."
        "";
    NeededField "MTI0708" "needed-field" Error "a model lacks a field that the code of an element reads or writes, or has it with an unsuitable data type"
        "The calls of that element fail. Declare the field. An override inherits the fields of the model that it overrides, unless it says `\"override\": \"replace\"`."
        "";

    // 08xx: initial data.
    BadInitData "MTI0801" "bad-init-data" Error "`initData.json` is not an object of arrays of rows"
        "It maps the full name of each model to an array of objects."
        "";
    InitDataModelNotFound "MTI0802" "init-data-model-not-found" Error "`initData.json` names a model that does not exist"
        "Correct the name, or declare the model."
        "";
    InitDataField "MTI0803" "init-data-field" Error "a row of `initData.json` does not fit its model"
        "Correct the field that the message names: its name must be one that the model declares, and its value one of the field's `dataType`; or declare the field in the model."
        "";
}
