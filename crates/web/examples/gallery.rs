//! Writes the gallery of components as files that a browser opens without a server: `cargo run -p web --example gallery -- DIRECTORY`.

use std::path::Path;
use std::{fs, io};

use rules::text::Lang;
use web::{assets, shell};

fn main() -> io::Result<()> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| "target/gallery".to_owned());
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    for lang in [Lang::Ja, Lang::En] {
        for (only, name) in [(None, ""), (Some("bench"), "-bench"), (Some("chart"), "-chart")] {
            let page = shell::gallery_page(lang, only).into_string().replace(assets::PREFIX, "");
            fs::write(directory.join(format!("{}{name}.html", lang.tag())), page)?;
        }
    }
    for name in ["akashi.css", "akashi.js", "htmx.min.js", "akashi.svg"] {
        let href = assets::href(name);
        let file = href.trim_start_matches(assets::PREFIX);
        fs::write(directory.join(file), assets::get(file).map_or(&[][..], |asset| asset.bytes))?;
    }
    Ok(())
}
