use mti_core::suggest::nearest;
use proptest::prelude::*;

#[test]
fn misspellings_are_recognised() {
    let names = ["auths.loginTypes.WeChatType", "auths.loginTypes.PasswordType", "models.Meta"];
    assert_eq!(nearest("auths.loginTypes.WeChatTpye", names, 3), ["auths.loginTypes.WeChatType"]);
    assert_eq!(nearest("login.WeChatType", names, 3), ["auths.loginTypes.WeChatType"]);
    assert_eq!(nearest("WeChatType", names, 3), ["auths.loginTypes.WeChatType"]);
    assert_eq!(nearest("wechattyp", names, 3), ["auths.loginTypes.WeChatType"]);
    assert_eq!(nearest("titel", ["title", "tag", "type"], 1), ["title"]);
    assert_eq!(nearest("RUST", ["rust", "python"], 1), ["rust"]);
    assert!(nearest("entirely.different", names, 3).is_empty());
    assert!(nearest("x", names, 0).is_empty());
}

#[test]
fn nearer_names_come_first() {
    assert_eq!(nearest("bind", ["unbind", "find", "bind2", "bnid"], 4), ["bind2", "bnid", "find"]);
}

proptest! {
    #[test]
    fn a_swap_a_loss_and_an_addition_are_one_edit(word in "[a-z]{6,12}", at in 0usize..5) {
        let letters: Vec<char> = word.chars().collect();
        let mut swapped = letters.clone();
        swapped.swap(at, at + 1);
        let mut lost = letters.clone();
        lost.remove(at);
        let mut added = letters.clone();
        added.insert(at, 'x');
        for changed in [swapped, lost, added] {
            let changed: String = changed.into_iter().collect();
            prop_assert_eq!(nearest(&changed, [word.as_str()], 1), vec![word.clone()]);
        }
    }

    #[test]
    fn any_texts_can_be_compared(name in ".{0,300}", other in ".{0,300}") {
        let near = nearest(&name, [other.as_str(), name.as_str()], 2);
        prop_assert!(name.chars().count() > 100 || near.contains(&name));
    }
}
