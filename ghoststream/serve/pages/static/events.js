import "./review.js";
import "./arriving.js";
