/// <reference types="vite/client" />
declare module '*.css';
declare const __VERSION__: string;
