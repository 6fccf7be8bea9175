//! Renders a weighing as text, JSON, Markdown and HTML
