//! Plots as SVG.

use plotters::prelude::*;
use std::error::Error;

/// A line of a plot.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) colour: RGBColor,
    /// Points (columns, value), in ascending order.
    pub(crate) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (960, 400);

/// Width in pixels that the names of the lines take.
const LEGEND: i32 = 190;

/// Plots `lines` over the columns of a row, as an SVG element. The plot reaches up to `highest` at least, where a rule is
/// drawn.
pub(crate) fn plot(label: &str, lines: &[Line<'_>], highest: f64) -> String {
    let mut svg = String::new();
    draw(&mut svg, label, lines, highest).expect("drawing into memory cannot fail");
    svg
}

fn draw(
    svg: &mut String,
    label: &str,
    lines: &[Line<'_>],
    highest: f64,
) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let (area, legend) = area.split_horizontally(SIZE.0.cast_signed() - LEGEND);
    let points = || lines.iter().flat_map(|line| &line.points);
    let least = points().fold(f64::MAX, |least, (cols, _)| least.min(*cols)) / 1.3;
    let most = points().fold(1.0, |most: f64, (cols, _)| most.max(*cols)) * 1.3;
    let top = points().fold(highest, |top, (_, value)| top.max(*value)) * 1.05;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d((least..most).log_scale().base(2.0), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("columns")
        .y_desc(label)
        .x_label_formatter(&|cols| format!("{cols:.0}"))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let rule = [(least, highest), (most, highest)];
    chart.draw_series(LineSeries::new(rule, BLACK))?;
    for line in lines {
        let points = line.points.iter().copied();
        chart.draw_series(LineSeries::new(points.clone(), line.colour.stroke_width(2)))?;
        chart.draw_series(points.map(|point| Circle::new(point, 3, line.colour.filled())))?;
    }
    for (line, y) in lines.iter().zip((20..).step_by(20)) {
        legend.draw(&PathElement::new(
            [(0, y), (16, y)],
            line.colour.stroke_width(3),
        ))?;
        legend.draw(&Text::new(line.name, (24, y - 6), ("sans-serif", 13)))?;
    }
    legend.present()?;
    Ok(())
}
