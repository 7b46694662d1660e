export const name = "x";
