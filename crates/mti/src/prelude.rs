//! What the author of a level writes with, in one line: `use mti::prelude::*;`

pub use mti_data::{Batch, DataType, Filter, Model, ModelSteps, NeededFields, Row, row};
pub use mti_element::{
    AppHandle, AppView, Element, Facade, Fail, Failure, Level, Map, OpenContext, Principal, Problems, Result, Secret,
    StepValue, This, Value, Visitor, level, opaque_step_value, steps,
};
pub use mti_login_types::{
    AUTH_SERVICE, AuthService, AuthServiceSteps, Clock, Corp, Identity, LoginCode, LoginType, LoginTypeSteps, Profile,
    SignIn, Token, User, UserId, WeChat, WeChatSteps, fails,
};
