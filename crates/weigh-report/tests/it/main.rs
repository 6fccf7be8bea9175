//! Weighings made by hand, rendered in every format.

mod html;
mod json;
mod markdown;
mod sample;
mod text;
