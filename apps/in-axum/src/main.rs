//! Runs the application at `http://127.0.0.1:8000`.

use std::error::Error;
use std::net::SocketAddr;

use mti_example_in_axum::router;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let public_url = std::env::var("PUBLIC_URL").unwrap_or_else(|_| "http://127.0.0.1:8000".to_owned());
    let app = mti::App::builder(env!("CARGO_MANIFEST_DIR")).public_url(public_url.parse()?).open()?;
    app.connect().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await?;
    Ok(())
}
