//! The `#[level]` attribute and the `Level` derive of `mti-element`.

use proc_macro::TokenStream;
use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream as TokenStream2};
use quote::{quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Fields, Ident, ImplItem, ItemImpl, Path, Token, parse_macro_input};

/// Marks an `impl` of a steps trait as a level: only the steps that the `impl` names become part of the chain.
///
/// `#[level(OtherSteps)]` adds the steps of a second trait, whose own `impl` carries `#[level(part)]`: what a
/// Type needs that overrides steps of its base and declares steps of its own.
#[proc_macro_attribute]
pub fn level(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let others = parse_macro_input!(attribute with Punctuated::<Path, Token![,]>::parse_terminated);
    let implementation = parse_macro_input!(item as ItemImpl);
    expand(&others, implementation).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes the state of a level: nothing for a struct without fields, the element's config for one with fields, which is
/// to be `Deserialize` then. A level that checks more of its config, or holds more, implements `Level` itself.
#[proc_macro_derive(Level)]
pub fn derive_level(item: TokenStream) -> TokenStream {
    let state = parse_macro_input!(item as DeriveInput);
    expand_state(&state).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand_state(state: &DeriveInput) -> syn::Result<TokenStream2> {
    let Data::Struct(data) = &state.data else {
        return Err(syn::Error::new_spanned(
            &state.ident,
            "`Level` is derived for structs; implement it for this type",
        ));
    };
    let element = element_crate()?;
    let (context, opened) = match &data.fields {
        Fields::Unit => (quote!(_), quote!(::core::result::Result::Ok(Self))),
        _ => (quote!(context), quote!(context.config())),
    };
    let name = &state.ident;
    let (parameters, arguments, bounds) = state.generics.split_for_impl();
    Ok(quote! {
        impl #parameters #element::Level for #name #arguments #bounds {
            fn open(#context: &#element::OpenContext<'_>) -> #element::Result<Self> {
                #opened
            }
        }
    })
}

fn expand(others: &Punctuated<Path, Token![,]>, mut implementation: ItemImpl) -> syn::Result<TokenStream2> {
    let Some((_, steps, _)) = implementation.trait_.clone() else {
        return Err(syn::Error::new_spanned(
            &implementation.self_ty,
            "`#[level]` belongs on the `impl` of a steps trait: `impl WeChatSteps for MyLevel`",
        ));
    };
    let element = element_crate()?;
    // `file!` and `line!` with the span of a method's name tell where the method is.
    let named = implementation.items.iter().filter_map(|item| {
        let ImplItem::Fn(function) = item else { return None };
        let name = function.sig.ident.to_string();
        let place = quote_spanned! { function.sig.ident.span() => file: file!(), line: line!() };
        Some(quote! { (#name, #element::SourcePosition { #place }) })
    });
    let named = quote! { const NAMED: &'static [(&'static str, #element::SourcePosition)] = &[#(#named),*]; };
    implementation.items.insert(0, syn::parse2(named)?);

    let is_part = others.len() == 1 && others.iter().all(|path| path.is_ident("part"));
    let level = &implementation.self_ty;
    if is_part {
        // Steps that no `#[level(…)]` names would be left out of the chain in silence.
        let witness = witness_of(&steps);
        return Ok(quote! {
            #implementation

            const _: fn() = <#level>::#witness;
        });
    }
    let witnesses = others.iter().map(witness_of);
    let others = others.iter();
    Ok(quote! {
        #implementation

        #[allow(non_snake_case, dead_code, clippy::allow_attributes, reason = "named like the traits that they stand for")]
        impl #level {
            #(#[doc(hidden)] pub(crate) fn #witnesses() {})*
        }

        impl #element::LevelMethods for #level {
            fn methods() -> ::std::vec::Vec<#element::NativeMethod<Self>> {
                #[allow(unused_mut, clippy::allow_attributes, reason = "most levels implement one trait of steps")]
                let mut methods = <Self as #steps>::named_methods();
                #(methods.extend(<Self as #others>::named_methods());)*
                methods
            }
        }
    })
}

/// What stands for a trait of steps that a `#[level(…)]` names. The compiler prints its name where it is missed.
fn witness_of(steps: &Path) -> Ident {
    let name = steps.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    Ident::new(&format!("is_named_in_a_level_attribute_{name}"), Span::call_site())
}

/// The path of `mti-element` in the author's crate: its own dependency, or the facade's re-export.
fn element_crate() -> syn::Result<TokenStream2> {
    for (package, inside) in [("mti-element", quote!()), ("mti", quote!(::element))] {
        match crate_name(package) {
            Ok(FoundCrate::Itself) if package == "mti" => return Ok(quote!(::mti #inside)),
            Ok(FoundCrate::Itself) => return Ok(quote!(::mti_element #inside)),
            Ok(FoundCrate::Name(name)) => {
                let name = Ident::new(&name, Span::call_site());
                return Ok(quote!(::#name #inside));
            }
            Err(_) => {}
        }
    }
    Err(syn::Error::new(Span::call_site(), "`#[level]` needs a dependency on `mti` or on `mti-element`"))
}
