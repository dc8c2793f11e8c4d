use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The WeChat login of [`demo`].
pub(crate) const LOGIN: &str = "auths.loginTypes.MyWeChatLogin";

/// The application of [`demo`] at WeChat.
pub(crate) const APP_ID: &str = "wx0123456789abcdef";

/// An app in a directory of its own, which goes when the value does.
pub(crate) struct Tree {
    directory: TempDir,
}

impl Tree {
    /// The files of a text: each begins with a line `//- path`, and goes on to the next one.
    pub(crate) fn new(text: &str) -> Self {
        let tree = Self { directory: TempDir::new().expect("a temporary directory") };
        for part in text.split("//- ").skip(1) {
            let (path, content) = part.split_once('\n').expect("a path and a line break");
            tree.write(path.trim(), content.trim_end_matches('\n'));
        }
        tree
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Writes a file anew.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().expect("files are below the root")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    /// Removes a directory with all that is in it.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_dir_all(self.join(path)).expect("a directory");
    }
}

/// An app with one WeChat login that lets people register, and two users.
pub(crate) fn demo() -> Tree {
    Tree::new(
        r#"
//- app.json
{"appId": "acme.demo", "title": "Demo", "version": "0.1.0"}
//- auths/loginTypes/MyWeChatLogin/e.json
{"type": "auths.loginTypes.WeChatType", "title": "微信登录", "backendBundleEntry": ".",
 "frontBundleEntry": "./MyWeChatLogin.json", "allowRegister": 1}
//- auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json
{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "0123456789abcdef0123456789abcdef"}}
//- initData.json
{
  "auths.models.UserModel": [
    {"userId": "user123", "nick": "张三", "isActive": true, "isAdmin": false},
    {"userId": "admin", "nick": "管理员", "isActive": true, "isAdmin": true}
  ],
  "corps.models.CorpModel": [{"corpId": "acme", "corpName": "艾克美科技"}],
  "corps.models.CorpMember": [{"corpId": "acme", "userId": "user123", "status": 1}]
}
"#,
    )
}
