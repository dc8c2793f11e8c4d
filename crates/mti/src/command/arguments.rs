use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mti_server::{ForwardingHeader, ProxyNetwork, ProxyNetworkError};
use url::Url;

use crate::command::db::DbCommand;
use crate::command::dev::DevArguments;
use crate::command::new::NewCommand;

/// Elements, resolved and alive: look at an app, call it, serve it.
#[derive(Debug, Parser)]
#[command(name = "mti", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArguments {
    /// The app's directory [default: the nearest one, from here upwards, with an `app.json`]
    #[arg(short, long, global = true, value_name = "DIR")]
    pub(crate) app: Option<PathBuf>,
    /// Directories where parent apps are looked for, separated as in `PATH`, before those in `MTI_APP_PATH`
    #[arg(long, global = true, value_name = "DIRS")]
    pub(crate) app_path: Option<OsString>,
    /// A file with variables for placeholders in config, before those of the app's `.env` and of the process
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value = "human", value_name = "FORMAT")]
    pub(crate) format: Format,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Log more; twice, log everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Which events to log, such as `info,mti_server=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "MTI_LOG", hide = true, hide_env_values = true)]
    pub(crate) log: Option<String>,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
    /// For code hosts; of `check` alone.
    Sarif,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On terminals, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the app for development, with a simulated WeChat
    Dev(DevArguments),
    /// Serve the app
    Serve(ServeArguments),
    /// Say everything that is wrong with the app; `--format sarif` for code hosts
    Check,
    /// Show the elements of the app
    Tree,
    /// Say where everything about an element comes from, or what a code means
    Explain(ExplainArguments),
    /// Show the merged definition of an element
    Get(NameArgument),
    /// Call a method of an element, or read a property
    Call(CallArguments),
    /// Back up, restore or migrate the app's databases
    #[command(subcommand)]
    Db(DbCommand),
    /// Make an app, a Type, an instance, a model or an override
    #[command(subcommand)]
    New(NewCommand),
    /// Print a JSON Schema: of `app.json`, of `e.json`, of a Type's config
    Schema(SchemaArguments),
    /// Run a simulated WeChat by itself
    WechatSim(WechatSimArguments),
    /// Print what makes a shell complete arguments
    Completions(CompletionsArguments),
}

/// An element.
#[derive(Debug, Args)]
pub(crate) struct NameArgument {
    /// The full name of the element, such as `auths.loginTypes.MyWeChatLogin`
    pub(crate) name: String,
}

/// What `explain` takes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ExplainArguments {
    /// The full name of the element, such as `auths.loginTypes.MyWeChatLogin`
    pub(crate) name: Option<String>,
    /// A code of a finding, such as `MTI0101`, or its name
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// What `schema` takes.
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// `app`, `element`, or the full name of a Type or of an instance
    #[arg(value_name = "app|element|FULL_NAME")]
    pub(crate) name: String,
}

/// What `completions` takes.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    pub(crate) shell: Shell,
}

/// What `call` takes.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// The full name of the element
    pub(crate) name: String,
    /// The method, or the property
    pub(crate) method: String,
    /// The arguments, as a JSON object by name; `-` reads it from standard input
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true, allow_hyphen_values = true)]
    pub(crate) arguments: String,
    #[command(flatten)]
    pub(crate) data: DataArguments,
    /// The URL that browsers reach the app at
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<Url>,
}

/// What `serve` takes.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen: an IP address, or `localhost`; port 0 takes any free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = listening_address, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    pub(crate) bind: SocketAddr,
    /// The URL that browsers reach the app at [default: `http://` and the address]
    #[arg(long, value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<Url>,
    /// A proxy in front, which says whose requests it passes on: an IP address, or a network such as `10.0.0.0/8`;
    /// may be given several times, or with commas between
    #[arg(long = "trusted-proxy", value_name = "IP|CIDR", env = "MTI_TRUSTED_PROXY", value_parser = proxy_list)]
    pub(crate) trusted_proxies: Vec<ProxyList>,
    /// The header in which the trusted proxies say it; the other one is ignored
    #[arg(long, value_enum, default_value = "x-forwarded-for", value_name = "HEADER")]
    pub(crate) proxy_header: ProxyHeader,
    /// Take in changes to the app's files at once; `dev` always does
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) data: DataArguments,
}

/// The proxies that one option or the variable names.
#[derive(Debug, Clone)]
pub(crate) struct ProxyList(pub(crate) Vec<ProxyNetwork>);

/// Where proxies say whose requests they pass on.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ProxyHeader {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded` of RFC 7239.
    Forwarded,
}

impl From<ProxyHeader> for ForwardingHeader {
    fn from(header: ProxyHeader) -> Self {
        match header {
            ProxyHeader::XForwardedFor => Self::XForwardedFor,
            ProxyHeader::Forwarded => Self::Forwarded,
        }
    }
}

/// Where data is.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// The directory for data [default: `appData` in the app's directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// A PostgreSQL database that stands in for `databases.Default`: `postgres://user:password@host:5432/database`.
    /// Other users of the machine see what is on a command line, but not the variable
    #[arg(long, value_name = "URL", env = "MTI_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

/// What `wechat-sim` takes.
#[derive(Debug, Args)]
pub(crate) struct WechatSimArguments {
    /// Where to listen: a loopback address; port 0 takes any free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = listening_address, default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)))]
    pub(crate) bind: SocketAddr,
    /// An application that is registered; may be given several times
    #[arg(long = "app-id", value_name = "APPID")]
    pub(crate) app_ids: Vec<String>,
    /// The secret of the application at the same place
    #[arg(long = "secret", value_name = "SECRET")]
    pub(crate) secrets: Vec<String>,
    /// Speak HTTPS under WeChat's own host names, for clients that know no others
    #[arg(long)]
    pub(crate) tls: bool,
    /// Where the test CA is kept, for the next time too [default: a new one each time]
    #[arg(long, value_name = "DIR", requires = "tls")]
    pub(crate) ca_dir: Option<PathBuf>,
}

/// Reads where browsers reach the app.
fn public_url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| format!("{error}: write a whole URL, such as `https://login.example.com`"))
}

/// Reads addresses and networks with commas between. None are none: a variable may be set and empty.
fn proxy_list(text: &str) -> Result<ProxyList, ProxyNetworkError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::parse).collect::<Result<_, _>>().map(ProxyList)
}

/// Reads where to listen. `localhost` is the one name that needs no looking up.
pub(crate) fn listening_address(text: &str) -> Result<SocketAddr, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let address = match port.parse() {
        Ok(port) if host.eq_ignore_ascii_case("localhost") => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        _ => text.parse().ok(),
    };
    address.ok_or_else(|| {
        "write an IP address and a port, such as `127.0.0.1:8080` or `[::1]:8080`, or `localhost:8080`".to_owned()
    })
}
