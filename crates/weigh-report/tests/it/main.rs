//! Weighings made by hand, and the examples, rendered in every format.

mod chips;
mod clusters;
mod html;
mod json;
mod law;
mod markdown;
mod sample;
mod scatter;
mod schemas;
mod text;
mod whole;
