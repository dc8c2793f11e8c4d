//! What the four server interfaces answer.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::grants::{Authorization, Token};
use crate::identifiers::{openid_for, unionid_for};
use crate::knobs::{Endpoint, Knobs, Nickname, RefreshSemantics, SnapshotMode, UnionIdMode};
use crate::parameters::Parameters;
use crate::people::{ANONYMOUS, Person};
use crate::wire::RAW_NICKNAME;
use crate::world::{Contents, World};

/// An errcode in place of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SnsError(pub(crate) i64);

/// Who calls.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) address: IpAddr,
    /// The simulator's address as the caller wrote it.
    pub(crate) origin: String,
}

/// The fields of a good answer.
pub(crate) type Fields = Map<String, Value>;

impl World {
    /// Processes a request to a server interface.
    pub(crate) fn serve_sns(
        &self,
        endpoint: Endpoint,
        parameters: &Parameters,
        caller: &Caller,
    ) -> Result<Fields, SnsError> {
        self.count_call(endpoint)?;
        match endpoint {
            Endpoint::AccessToken => self.exchange(parameters, caller.address),
            Endpoint::RefreshToken => self.refresh(parameters),
            Endpoint::Auth => self.check(parameters),
            Endpoint::Userinfo => self.user_info(parameters, caller),
        }
    }

    fn exchange(&self, parameters: &Parameters, from: IpAddr) -> Result<Fields, SnsError> {
        let app_id = required(parameters, "appid", 41002)?;
        if parameters.get("grant_type") != Some("authorization_code") {
            return Err(SnsError(40002));
        }
        let now = self.now();
        let mut contents = self.contents();
        let knobs = contents.knobs.clone();
        let app = contents.apps.resolve(app_id).ok_or(SnsError(40013))?;
        if knobs.ip_allow_list.as_ref().is_some_and(|allowed| !allowed.contains(&from)) {
            return Err(SnsError(40164));
        }
        if !app.accepts_secret(required(parameters, "secret", 41004)?) {
            return Err(SnsError(40125));
        }
        let code = required(parameters, "code", 41008)?;
        let code = contents.grants.codes.get_mut(code).ok_or(SnsError(40029))?;
        if code.authorization.app_id != app_id {
            return Err(SnsError(40029));
        }
        if now.saturating_sub(code.created) >= Duration::from_secs(knobs.code_ttl) {
            return Err(SnsError(knobs.expired_code_errcode));
        }
        if code.is_used {
            return Err(SnsError(40163));
        }
        code.is_used = true;
        let authorization = code.authorization.clone();

        let person = contents.person(&authorization.person_id).cloned().ok_or(SnsError(40029))?;
        let is_first = contents.grants.is_first_login(&person.id, app_id);
        let access_token = contents.grants.issue_access_token(authorization.clone(), now);
        let refresh_token = contents.grants.issue_refresh_token(authorization.clone(), access_token.clone(), now);
        let mut fields = token_fields(&authorization, &access_token, &refresh_token, &knobs);
        let is_hidden = is_first && knobs.union_id == UnionIdMode::Late;
        if !is_hidden && let Some(union_id) = union_id(&mut contents, &person, app_id) {
            fields.insert("unionid".to_owned(), json!(union_id));
        }
        let is_marked = match knobs.snapshot {
            SnapshotMode::Own => person.is_snapshot,
            SnapshotMode::Everybody => true,
            SnapshotMode::Unmarked => false,
        };
        if is_marked {
            fields.insert("is_snapshotuser".to_owned(), json!(1));
        }
        Ok(fields)
    }

    fn refresh(&self, parameters: &Parameters) -> Result<Fields, SnsError> {
        let app_id = required(parameters, "appid", 41002)?;
        if parameters.get("grant_type") != Some("refresh_token") {
            return Err(SnsError(40002));
        }
        let now = self.now();
        let mut contents = self.contents();
        let knobs = contents.knobs.clone();
        contents.apps.resolve(app_id).ok_or(SnsError(40013))?;
        let refresh_token = required(parameters, "refresh_token", 41003)?;
        let grants = &mut contents.grants;
        let grant = grants.refresh_tokens.get(refresh_token).ok_or(SnsError(40030))?.clone();
        if grant.authorization.app_id != app_id {
            return Err(SnsError(40030));
        }
        if now.saturating_sub(grant.created) >= Duration::from_secs(knobs.refresh_ttl) {
            return Err(SnsError(42002));
        }
        let ttl = Duration::from_secs(knobs.token_ttl);
        let renewable = grants
            .access_tokens
            .get_mut(&grant.access_token)
            .filter(|token| now.saturating_sub(token.created) < ttl)
            .filter(|_| knobs.refresh_semantics == RefreshSemantics::Renew);
        let access_token = if let Some(token) = renewable {
            token.created = now;
            grant.access_token
        } else {
            grants.issue_access_token(grant.authorization.clone(), now)
        };
        if let Some(kept) = grants.refresh_tokens.get_mut(refresh_token) {
            kept.access_token.clone_from(&access_token);
        }
        Ok(token_fields(&grant.authorization, &access_token, refresh_token, &knobs))
    }

    fn check(&self, parameters: &Parameters) -> Result<Fields, SnsError> {
        self.authorized(parameters, 40014)?;
        Ok(Map::from_iter([("errcode".to_owned(), json!(0)), ("errmsg".to_owned(), json!("ok"))]))
    }

    fn user_info(&self, parameters: &Parameters, caller: &Caller) -> Result<Fields, SnsError> {
        let Authorization { app_id, person_id, scope } = self.authorized(parameters, 40001)?.authorization;
        if scope.split(',').all(|part| part == "snsapi_base") {
            return Err(SnsError(48001));
        }
        let mut contents = self.contents();
        let person = contents.person(&person_id).cloned().ok_or(SnsError(50002))?;
        let knobs = contents.knobs.clone();
        let nickname = match knobs.nickname {
            _ if knobs.privacy || person.is_snapshot => ANONYMOUS.to_owned(),
            Nickname::Own => person.nickname.clone(),
            Nickname::Emoji => "👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿💤\u{e022}".to_owned(),
            Nickname::Megabyte => "长".repeat(1024 * 1024 / 3),
            Nickname::ControlCharacters | Nickname::InvalidUtf8 => RAW_NICKNAME.to_owned(),
        };
        let avatar = if knobs.privacy {
            format!("{}/sim/avatar/anonymous/132", caller.origin)
        } else if person.has_avatar {
            format!("{}/sim/avatar/{}/132", caller.origin, person.id)
        } else {
            String::new()
        };
        let language = parameters.get("lang").unwrap_or("en");
        let Value::Object(mut fields) = json!({
            "openid": openid_for(&person.id, &app_id),
            "nickname": nickname,
            "sex": 0,
            "language": language,
            "city": "",
            "province": "",
            "country": "",
            "headimgurl": avatar,
            "privilege": [],
        }) else {
            return Err(SnsError(-1));
        };
        if let Some(union_id) = union_id(&mut contents, &person, &app_id) {
            fields.insert("unionid".to_owned(), json!(union_id));
        }
        Ok(fields)
    }

    /// The access token of a request, if it is good for the openId of the request.
    fn authorized(&self, parameters: &Parameters, unknown: i64) -> Result<Token, SnsError> {
        let access_token = required(parameters, "access_token", 41001)?;
        let open_id = required(parameters, "openid", 41009)?;
        let now = self.now();
        let contents = self.contents();
        let token = contents.grants.access_tokens.get(access_token).ok_or(SnsError(unknown))?;
        let ttl = Duration::from_secs(contents.knobs.token_ttl);
        if now.saturating_sub(token.created) >= ttl {
            return Err(SnsError(42001));
        }
        if openid_for(&token.authorization.person_id, &token.authorization.app_id) != open_id {
            return Err(SnsError(40003));
        }
        Ok(token.clone())
    }

    fn count_call(&self, endpoint: Endpoint) -> Result<(), SnsError> {
        let seconds = self.now().as_secs();
        let mut contents = self.contents();
        let (minute_quota, daily_quota) = (contents.knobs.minute_quota, contents.knobs.daily_quota);
        let calls = contents.calls.entry(endpoint).or_default();
        if calls.minute != seconds / 60 {
            (calls.minute, calls.in_minute) = (seconds / 60, 0);
        }
        if calls.day != seconds / 86_400 {
            (calls.day, calls.in_day) = (seconds / 86_400, 0);
        }
        calls.in_minute = calls.in_minute.saturating_add(1);
        calls.in_day = calls.in_day.saturating_add(1);
        if daily_quota.is_some_and(|quota| calls.in_day > quota) {
            return Err(SnsError(45009));
        }
        if minute_quota.is_some_and(|quota| calls.in_minute > quota) {
            return Err(SnsError(45011));
        }
        Ok(())
    }
}

impl SnsError {
    /// The beginning of the error's text.
    pub(crate) fn stem(self) -> &'static str {
        match self.0 {
            -1 => "system error",
            40001 => "invalid credential, access_token is invalid or not latest",
            40002 => "invalid grant_type",
            40003 => "invalid openid",
            40013 => "invalid appid",
            40014 => "invalid access_token",
            40029 => "invalid code",
            40030 => "invalid refresh_token",
            40125 => "invalid appsecret",
            40163 => "code been used",
            40164 => "invalid ip, not in whitelist",
            40243 => "AppSecret has been frozen",
            41001 => "access_token missing",
            41002 => "appid missing",
            41003 => "refresh_token missing",
            41004 => "appsecret missing",
            41008 => "missing code",
            41009 => "missing openid",
            42001 => "access_token expired",
            42002 => "refresh_token expired",
            42003 => "code expired",
            42007 => "access_token and refreshtoken exception because user changed password",
            43002 => "require POST method",
            43003 => "require https",
            45009 => "reach max api daily quota limit",
            45011 => "api minute-quota reach limit, must slower, retry next minute",
            48001 => "api unauthorized",
            48004 => "api forbidden for irregularities",
            50001 => "user unauthorized",
            50002 => "user limited",
            50005 => "user not following",
            61004 => "access clientip is not registered",
            _ => "unknown error",
        }
    }
}

fn required<'a>(parameters: &'a Parameters, name: &str, missing: i64) -> Result<&'a str, SnsError> {
    parameters.get(name).filter(|value| !value.is_empty()).ok_or(SnsError(missing))
}

fn token_fields(authorization: &Authorization, access_token: &str, refresh_token: &str, knobs: &Knobs) -> Fields {
    let open_id = openid_for(&authorization.person_id, &authorization.app_id);
    Map::from_iter([
        ("access_token".to_owned(), json!(access_token)),
        ("expires_in".to_owned(), json!(knobs.token_ttl)),
        ("refresh_token".to_owned(), json!(refresh_token)),
        ("openid".to_owned(), json!(open_id)),
        ("scope".to_owned(), json!(authorization.scope)),
    ])
}

/// What an application learns as the unionId of a person.
pub(crate) fn union_id(contents: &mut Contents, person: &Person, app_id: &str) -> Option<String> {
    let account = contents.apps.resolve(app_id)?.account.clone();
    if !person.has_union_id {
        return None;
    }
    // Virtual unionIds stand for several people.
    let owner = if person.is_snapshot { "snapshot" } else { &person.id };
    match contents.knobs.union_id {
        UnionIdMode::Off => None,
        UnionIdMode::On | UnionIdMode::Late => Some(unionid_for(owner, &account)),
        UnionIdMode::Rekeyed => Some(unionid_for(owner, &format!("{account} rekeyed"))),
    }
}
