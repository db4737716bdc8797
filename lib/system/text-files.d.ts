/** The bundler puts the text of such a file in the place of its import. */
declare module "*.pl" {
  const text: string;
  export default text;
}
