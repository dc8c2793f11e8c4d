/// The style sheet that gives the portal the colour of an app: the `theme` of its `app.json`, when that is `#rrggbb`.
pub(super) fn style_sheet(theme: &str) -> Option<String> {
    let digits = theme.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let color = u32::from_str_radix(digits, 16).ok()?;
    let on_color = if is_light(color) { "#0d1417" } else { "#ffffff" };
    Some(format!(":root{{--brand:#{color:06x};--on-brand:{on_color}}}\n"))
}

/// Whether dark text stands out against a colour better than white text does (WCAG 2.2, relative luminance).
fn is_light(color: u32) -> bool {
    let [_, red, green, blue] = color.to_be_bytes();
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.25
}
