//! Weighings made by hand, and the examples, rendered in every format.

mod html;
mod json;
mod law;
mod markdown;
mod sample;
mod text;
mod whole;
