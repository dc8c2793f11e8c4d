/// Declares the steps of a Type once, and makes from that declaration:
///
/// - the *facade*, through which code calls the element: `this.match_user(who)` is virtual and enters at the most
///   derived level, `this.sup().match_user(who)` goes to the next level after the calling one;
/// - the *trait* that levels implement with `#[level]`, in which every step defaults to the next level: a new step
///   breaks no existing level, and a wrong signature is a compile error;
/// - the descriptors, with the documentation and the names on the wire.
///
/// ```ignore
/// steps! {
///     /// A greeting.
///     "greetings.PlainType": Greeting, GreetingSteps {
///         /// What is said.
///         "greet" fn greet(name: String) -> String;
///         /// The language that it is said in.
///         property "language" fn language() -> String;
///     }
/// }
/// ```
///
/// Argument names are camelCase on the wire (`open_id` is `openId`). An argument of an `Option` type may be
/// left out. A step marked `property` takes no arguments and is read like a field. Arguments behind a `;` are for
/// callers from over a border alone: they are read and checked there, and change nothing.
#[macro_export]
macro_rules! steps {
    (
        $(#[doc = $type_documentation:literal])*
        $type_name:literal: $facade:ident, $steps:ident {
            $(
                $(#[doc = $documentation:literal])*
                $($property:ident)? $wire:literal fn $step:ident(
                    $($argument:ident: $argument_type:ty),* $(; $($border:ident: $border_type:ty),+)? $(,)?
                ) $(-> $result:ty)?;
            )*
        }
    ) => {
        $(#[doc = $type_documentation])*
        #[derive(Clone, Debug)]
        pub struct $facade<'a>($crate::This<'a>);

        impl<'a> $crate::Facade<'a> for $facade<'a> {
            const TYPE: &'static str = $type_name;

            fn over(this: $crate::This<'a>) -> Self {
                Self(this)
            }
        }

        impl<'a> ::std::ops::Deref for $facade<'a> {
            type Target = $crate::This<'a>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl $facade<'_> {
            /// The same element, entered at the next level after the calling one.
            #[must_use]
            pub fn sup(&self) -> Self {
                Self(self.0.sup())
            }

            $(
                $(#[doc = $documentation])*
                pub fn $step(
                    &self $(, $argument: $argument_type)*
                ) -> impl ::std::future::Future<Output = $crate::Result<$crate::steps!(@result $($result)?)>> + Send {
                    let call = $crate::NativeCall::new(($($argument,)*), |($($argument,)*): ($($argument_type,)*)| {
                        #[allow(unused_mut, clippy::allow_attributes, reason = "a step without arguments adds none")]
                        let mut object = $crate::Map::new();
                        $(object.insert(
                            $crate::wire_name(stringify!($argument)),
                            $crate::StepValue::into_language($argument)?,
                        );)*
                        Ok($crate::Value::Object(object))
                    });
                    self.0.invoke($wire, call)
                }
            )*
        }

        #[doc = concat!("The steps of `", $type_name, "`, for levels to implement with `#[level]`.")]
        #[diagnostic::on_unimplemented(
            message = "`{Self}` implements no steps of this Type",
            note = "write `#[level(part)] impl … for {Self}` for the steps that its `#[level(…)]` names"
        )]
        pub trait $steps: Sized + Send + Sync + 'static {
            /// The steps that the level names; `#[level]` writes it.
            const NAMED: &'static [(&'static str, $crate::SourcePosition)] =
                panic!(concat!("put `#[level(part)]` on the `impl` of `", stringify!($steps), "`"));

            $(
                $(#[doc = $documentation])*
                fn $step(
                    &self,
                    this: $facade<'_>
                    $(, $argument: $argument_type)*
                ) -> impl ::std::future::Future<Output = $crate::Result<$crate::steps!(@result $($result)?)>> + Send {
                    async move { this.sup().$step($($argument),*).await }
                }
            )*

            #[doc(hidden)]
            #[allow(unused_mut, unused_variables, clippy::unused_unit, clippy::allow_attributes, reason = "a step without arguments takes none")]
            fn named_methods() -> ::std::vec::Vec<$crate::NativeMethod<Self>> {
                let mut methods = ::std::vec::Vec::new();
                $(
                    if let Some((_, source)) = Self::NAMED.iter().find(|(name, _)| *name == stringify!($step)) {
                        methods.push($crate::NativeMethod {
                            descriptor: $crate::MethodDescriptor {
                                name: $wire,
                                kind: $crate::steps!(@kind $($property)?),
                                documentation: concat!($($documentation, "\n",)* "").trim().to_owned(),
                                arguments: vec![
                                    $($crate::wire_name(stringify!($argument)),)*
                                    $($($crate::wire_name(stringify!($border)),)+)?
                                ],
                                optional: [
                                    $((
                                        $crate::wire_name(stringify!($argument)),
                                        $crate::is_optional::<$argument_type>(),
                                    ),)*
                                    $($((
                                        $crate::wire_name(stringify!($border)),
                                        $crate::is_optional::<$border_type>(),
                                    ),)+)?
                                ]
                                .into_iter()
                                .filter_map(|(name, is_optional): (_, bool)| is_optional.then_some(name))
                                .collect(),
                                signature: $crate::signature(
                                    &[
                                        $((stringify!($argument), stringify!($argument_type)),)*
                                        $($((stringify!($border), stringify!($border_type)),)+)?
                                    ],
                                    $crate::steps!(@answer $($result)?),
                                ),
                                source: *source,
                            },
                            call: |level, frame, arguments| {
                                let taken = arguments.take::<($($argument_type,)*), $crate::steps!(@result $($result)?)>(
                                    |arguments| {
                                        let mut arguments = $crate::NamedArguments::new(
                                            arguments,
                                            &[
                                                $($crate::wire_name(stringify!($argument)),)*
                                                $($($crate::wire_name(stringify!($border)),)+)?
                                            ],
                                        )?;
                                        $($(drop(
                                            arguments.take::<$border_type>(&$crate::wire_name(stringify!($border)))?,
                                        );)+)?
                                        Ok(($(arguments.take::<$argument_type>(
                                            &$crate::wire_name(stringify!($argument)),
                                        )?,)*))
                                    },
                                );
                                // Before the future is made, which so has no room for what the arguments came in.
                                let (($($argument,)*), place) = match taken {
                                    Ok(taken) => taken,
                                    Err(failure) => return $crate::failed(failure),
                                };
                                ::std::boxed::Box::pin(async move {
                                    let this = <$facade<'_> as $crate::Facade<'_>>::over($crate::This::within(&frame));
                                    place.answer(Self::$step(level, this $(, $argument)*).await?)
                                })
                            },
                        });
                    }
                )*
                methods
            }
        }
    };

    (@result) => { () };
    (@result $result:ty) => { $result };
    (@answer) => { ::std::option::Option::None };
    (@answer $result:ty) => { ::std::option::Option::Some(stringify!($result)) };
    (@kind) => { $crate::MethodKind::Method };
    (@kind property) => { $crate::MethodKind::Property };
}
